import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { key, map, MAPS } from '../testing/objects.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { listObjects } from './read.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const forged = (position: object) => Buffer.from(JSON.stringify(position)).toString('base64url');

describe('listing', () => {
  it('hands out pages that together are everything', async () => {
    const { access, context } = api;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await access.create(MAPS, 'default', map(name));
    const kind = context.kinds.get(MAPS);
    const names: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const page = listObjects(context, kind, { namespace: 'default', limit: 2, continue: token });
      names.push(...page.items.map(({ metadata }) => metadata.name));
      token = page.metadata.continue;
    } while (token !== undefined);
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('shows on later pages the objects of the first one, whatever happened since', async () => {
    const { access, context } = api;
    for (const name of ['a', 'b', 'c']) await access.create(MAPS, 'default', map(name, { at: 'first' }));
    const kind = context.kinds.get(MAPS);
    const first = listObjects(context, kind, { namespace: 'default', limit: 1 });
    await access.delete(MAPS, key('b'));
    await access.update(MAPS, key('c'), map('c', { at: 'later' }));
    await access.create(MAPS, 'default', map('d'));
    const rest = listObjects(context, kind, { namespace: 'default', continue: first.metadata.continue });
    expect(rest.items.map(({ metadata, data }) => [metadata.name, data])).toEqual([
      ['b', { at: 'first' }],
      ['c', { at: 'first' }],
    ]);
    expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('refuses a page of a moment that is forgotten, with a token that goes on from now', async () => {
    const { access, context } = await createTestApi(createMemoryStore(), 2);
    for (const name of ['a', 'b', 'c']) await access.create(MAPS, 'default', map(name));
    const kind = context.kinds.get(MAPS);
    const first = listObjects(context, kind, { namespace: 'default', limit: 1 });
    for (const at of ['1', '2', '3', '4']) await access.update(MAPS, key('c'), map('c', { at }));
    const refused = await refusal(
      (async () => listObjects(context, kind, { namespace: 'default', continue: first.metadata.continue }))(),
    );
    expect(refused).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: expect.stringMatching(/^The provided continue parameter is too old/) as unknown,
    });
    const onward = (refused as unknown as { metadata: { continue: string } }).metadata.continue;
    const rest = listObjects(context, kind, { namespace: 'default', continue: onward });
    expect(rest.items.map(({ metadata, data }) => [metadata.name, data])).toEqual([
      ['b', {}],
      ['c', { at: '4' }],
    ]);
  });

  it.each<[string, object, number]>([
    ['an exact version that is not yet', { resourceVersion: '99999', resourceVersionMatch: 'Exact' }, 504],
    ['a version that is no number', { resourceVersion: 'x' }, 400],
    ['a version beside a token', { resourceVersion: '1', limit: 1, continue: 'e30' }, 400],
    ['a token of a moment that is not yet', { continue: forged({ v: 2, rv: 1e15, after: '' }) }, 504],
    ['a token of somebody else', { continue: 'bm90IG91cnM' }, 400],
  ])('refuses %s', async (_name, query, code) => {
    const { context } = api;
    const kind = context.kinds.get(MAPS);
    expect(await refusal((async () => listObjects(context, kind, query))())).toMatchObject({ code });
  });

  it('finds after a restart what was stored before', async () => {
    const store = createMemoryStore();
    const before = await createTestApi(store);
    const created = await before.access.create(MAPS, 'default', map('m', { a: '1' }));
    const after = await createTestApi(store);
    expect(await after.access.get(MAPS, key('m'))).toEqual(created);
    const next = await after.access.create(MAPS, 'default', map('n'));
    expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
  });
});
