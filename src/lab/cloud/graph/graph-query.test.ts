import { beforeEach, describe, expect, it } from 'vitest';
import { createTestGraph, type TestGraph } from './testing/test-graph.ts';

let graph: TestGraph;

beforeEach(async () => {
  graph = createTestGraph();
  for (const displayName of ['b', 'a', 'c']) await graph.send('POST', '/applications', { displayName });
});

const names = async (query: string) =>
  (await graph.send('GET', `/applications${query}`)).body.value.map(({ displayName }) => displayName);

describe('a list', () => {
  it('comes in pages whose links lead through all of it', async () => {
    const first = await graph.send('GET', '/applications?$top=2&$select=displayName');
    expect(first.body.value).toEqual([{ displayName: 'b' }, { displayName: 'a' }]);
    const next = new URL(String(first.body['@odata.nextLink']));
    expect(next.origin).toBe('https://graph.microsoft.com');
    const second = await graph.send('GET', `${next.pathname.replace('/v1.0', '')}${next.search}`);
    expect(second.body.value).toEqual([{ displayName: 'c' }]);
    expect(second.body).not.toHaveProperty('@odata.nextLink');
  });

  it('is sorted and counted when asked', async () => {
    expect(await names('?$orderby=displayName')).toEqual(['a', 'b', 'c']);
    expect(await names('?$orderby=displayName%20desc')).toEqual(['c', 'b', 'a']);
    expect((await graph.send('GET', '/applications?$count=true&$top=1')).body['@odata.count']).toBe(3);
  });

  it.each(['$top=0', '$top=1000', '$top=all', '$skiptoken=made-up', '$orderby=a,b'])('refuses %s', async (query) => {
    expect((await graph.send('GET', `/applications?${query}`)).status).toBe(400);
  });
});

it('one object has the fields that were asked for', async () => {
  const [first] = (await graph.send('GET', '/applications')).body.value;
  const { body } = await graph.send('GET', `/applications/${String(first?.['id'])}?$select=id,displayName`);
  expect(Object.keys(body).sort()).toEqual(['@odata.context', 'displayName', 'id']);
});

it('the beta version answers alike', async () => {
  const answer = await graph.send('GET', '/../beta/me');
  expect(answer.status).toBe(200);
});
