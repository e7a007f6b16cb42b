import { beforeEach, describe, expect, it } from 'vitest';
import { createTestGraph, type TestGraph } from './testing/test-graph.ts';

const CREDENTIAL = {
  name: 'my-credential',
  issuer: 'https://issuer.example/',
  subject: 'system:serviceaccount:default:workload',
  audiences: ['api://AzureADTokenExchange'],
  description: 'for a test',
};
let graph: TestGraph;
let base: string;
let appId: string;

beforeEach(async () => {
  graph = createTestGraph();
  const { body } = await graph.send('POST', '/applications', { displayName: 'app' });
  appId = body.appId;
  base = `/applications/${body.id}/federatedIdentityCredentials`;
});

const create = (more: object = {}) => graph.send('POST', base, { ...CREDENTIAL, ...more });

describe('a federated credential of an application', () => {
  it('is what Entra ID checks, and is found by id, by name and below the client id', async () => {
    const { status, body } = await create();
    expect([status, body]).toMatchObject([201, CREDENTIAL]);
    expect(graph.directory.applicationByClientId(appId)?.federatedCredentials).toMatchObject([CREDENTIAL]);
    for (const path of [
      `${base}/${body.id}`,
      `${base}/my-credential`,
      `${base}(name='my-credential')`,
      `/applications(appId='${appId}')/federatedIdentityCredentials/${body.id}`,
    ]) {
      expect((await graph.send('GET', path)).body.id).toBe(body.id);
    }
    expect((await graph.send('GET', base)).body.value).toMatchObject([CREDENTIAL]);
  });

  it('is changed in part, and keeps its name', async () => {
    await create();
    expect((await graph.send('PATCH', `${base}/my-credential`, { subject: 'other' })).status).toBe(204);
    expect((await graph.send('GET', `${base}/my-credential`)).body).toMatchObject({ ...CREDENTIAL, subject: 'other' });
    expect((await graph.send('PATCH', `${base}/my-credential`, { name: 'renamed' })).status).toBe(400);
  });

  it('is made by a PATCH that asks for it', async () => {
    const patch = () =>
      graph.send(
        'PATCH',
        `${base}(name='by-name')`,
        { ...CREDENTIAL, name: undefined, subject: 's2' },
        {
          headers: { prefer: 'create-if-missing' },
        },
      );
    expect([(await patch()).status, (await patch()).status]).toEqual([201, 204]);
  });

  it('is gone once it is deleted', async () => {
    await create();
    expect((await graph.send('DELETE', `${base}/my-credential`)).status).toBe(204);
    const again = await graph.send('DELETE', `${base}/my-credential`);
    expect([again.status, again.body.error.code]).toEqual([404, 'Request_ResourceNotFound']);
  });

  it('with a name that is taken is a conflict', async () => {
    await create();
    const again = await create({ subject: 'other' });
    expect([again.status, again.body.error]).toMatchObject([
      409,
      {
        code: 'Request_MultipleObjectsWithSameKeyValue',
        message: 'FederatedIdentityCredential with name my-credential already exists.',
      },
    ]);
  });

  it.each<[string, object, RegExp]>([
    ['too short a name', { name: 'ab' }, /Name/],
    ['a name that begins with a sign', { name: '-abc' }, /Name/],
    ['no audience', { audiences: [] }, /exactly one audience/],
    ['two audiences', { audiences: ['a', 'b'] }, /exactly one audience/],
    ['no issuer', { issuer: '' }, /issuer/],
    ['too long a subject', { subject: 'x'.repeat(601) }, /600/],
  ])('with %s is refused', async (_what, more, message) => {
    const answer = await create(more);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'InvalidFederatedIdentityCredentialValue']);
    expect(answer.body.error.message).toMatch(message);
  });

  it('with the issuer and subject of another is refused', async () => {
    await create();
    const answer = await create({ name: 'second' });
    expect(answer.body.error.message).toContain(
      'The combination of issuer and subject must be unique for the application. Issuer https://issuer.example/ and ' +
        'Subject: system:serviceaccount:default:workload already exist.',
    );
  });

  it('is one of at most twenty', async () => {
    for (let at = 0; at < 20; at += 1) await create({ name: `credential-${at}`, subject: `s${at}` });
    expect((await create({ name: 'one-more', subject: 'more' })).status).toBe(400);
  });
});
