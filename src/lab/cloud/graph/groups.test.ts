import { beforeEach, describe, expect, it } from 'vitest';
import { USER } from '../rest/testing/index.ts';
import { createTestGraph, type TestGraph } from './testing/test-graph.ts';

let graph: TestGraph;

beforeEach(() => {
  graph = createTestGraph();
});

const create = async (displayName: string): Promise<string> => {
  const body = { displayName, mailNickname: displayName, mailEnabled: false, securityEnabled: true };
  const answer = await graph.send('POST', '/groups', body);
  expect(answer.status).toBe(201);
  return answer.body.id;
};
const add = (group: string, member: string) =>
  graph.send('POST', `/groups/${group}/members/$ref`, {
    '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${member}`,
  });

describe('a group', () => {
  it('is a security group, found by its name', async () => {
    const id = await create('team');
    expect((await graph.send('GET', "/groups?$filter=displayName eq 'team'")).body.value).toMatchObject([
      { id, displayName: 'team', securityEnabled: true, mailEnabled: false },
    ]);
  });

  it('has members, of each kind once', async () => {
    const [team, all] = [await create('team'), await create('all')];
    expect((await add(team, USER.objectId)).status).toBe(204);
    expect((await add(all, team)).status).toBe(204);
    expect((await add(team, USER.objectId)).status).toBe(400);
    expect((await add(team, 'nobody')).status).toBe(404);
    expect((await graph.send('GET', `/groups/${team}/members`)).body.value).toMatchObject([
      { '@odata.type': '#microsoft.graph.user', id: USER.objectId },
    ]);
  });

  it('counts who is in it by way of another', async () => {
    const [team, all] = [await create('team'), await create('all')];
    await add(team, USER.objectId);
    await add(all, team);
    expect([...graph.directory.groupsOf(USER.objectId)].sort()).toEqual([all, team].sort());
    const asked = await graph.send('POST', `/directoryObjects/${USER.objectId}/checkMemberGroups`, {
      groupIds: [all, 'x'],
    });
    expect(asked.body.value).toEqual([all]);
    const byName = await graph.send('POST', `/users/${USER.userPrincipalName ?? ''}/getMemberGroups`, {
      securityEnabledOnly: false,
    });
    expect(byName.body.value).toHaveLength(2);
  });

  it('may hold itself in a circle', async () => {
    const [one, two] = [await create('one'), await create('two')];
    await add(one, two);
    await add(two, one);
    await add(one, USER.objectId);
    expect(graph.directory.groupsOf(USER.objectId)).toHaveLength(2);
  });

  it('loses members one by one, and leaves the groups that it was in when it ends', async () => {
    const [team, all] = [await create('team'), await create('all')];
    await add(team, USER.objectId);
    await add(all, team);
    expect((await graph.send('DELETE', `/groups/${team}/members/${USER.objectId}/$ref`)).status).toBe(204);
    expect((await graph.send('DELETE', `/groups/${team}/members/${USER.objectId}/$ref`)).status).toBe(404);
    expect((await graph.send('DELETE', `/groups/${team}`)).status).toBe(204);
    expect((await graph.send('GET', `/groups/${team}`)).status).toBe(404);
    expect(graph.directory.groupByObjectId(all)?.memberIds).toEqual([]);
  });

  it.each([
    ['a name', { mailNickname: 'x' }],
    ['a mail nickname', { displayName: 'x' }],
  ])('needs %s', async (_what, body) => {
    expect((await graph.send('POST', '/groups', body)).status).toBe(400);
  });

  it('is changed by users only', async () => {
    const id = await create('team');
    expect((await graph.send('DELETE', `/groups/${id}`, undefined, { token: { user: false } })).status).toBe(403);
  });
});
