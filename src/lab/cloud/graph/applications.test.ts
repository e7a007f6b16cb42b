import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secretDigest } from '../client-secret.ts';
import { createTestCertificate, type TestCertificate } from '../entra/testing/certificates.ts';
import { createTestGraph, type TestGraph } from './testing/test-graph.ts';

const DAY_MS = 86_400_000;
let graph: TestGraph;
let certificate: TestCertificate;

beforeAll(async () => {
  const now = createTestGraph().clock.now();
  certificate = await createTestCertificate(now - DAY_MS, now + DAY_MS);
});

beforeEach(() => {
  graph = createTestGraph();
});

const create = async (body: object = { displayName: 'app' }) => {
  const answer = await graph.send('POST', '/applications', body);
  expect(answer.status).toBe(201);
  return answer.body;
};
const iso = (ms: number) => new Date(ms).toISOString();

describe('an application', () => {
  it('is made with an id and a client id of its own, and is found by both', async () => {
    const made = await create({ displayName: 'web', web: { redirectUris: ['https://x.example'] } });
    expect(made).toMatchObject({
      displayName: 'web',
      signInAudience: 'AzureADMyOrg',
      publisherDomain: 'lab.example',
      createdDateTime: '2026-01-01T00:00:00Z',
      passwordCredentials: [],
      keyCredentials: [],
    });
    expect(made.appId).not.toBe(made.id);
    expect((await graph.send('GET', `/applications/${made.id}`)).body.appId).toBe(made.appId);
    expect((await graph.send('GET', `/applications(appId='${made.appId}')`)).body.id).toBe(made.id);
  });

  it('is changed field by field', async () => {
    const { id } = await create({ displayName: 'web', web: { redirectUris: ['https://x.example'] } });
    const patch = { displayName: 'other', web: { homePageUrl: 'https://home.example' }, tags: ['a'] };
    expect((await graph.send('PATCH', `/applications/${id}`, patch)).status).toBe(204);
    expect((await graph.send('GET', `/applications/${id}`)).body).toMatchObject({
      displayName: 'other',
      tags: ['a'],
      web: { redirectUris: ['https://x.example'], homePageUrl: 'https://home.example' },
    });
  });

  it('takes its service principal along when it is deleted', async () => {
    const { id, appId } = await create();
    const principal = await graph.send('POST', '/servicePrincipals', { appId });
    expect((await graph.send('DELETE', `/applications/${id}`)).status).toBe(204);
    expect((await graph.send('GET', `/applications/${id}`)).body.error.code).toBe('Request_ResourceNotFound');
    expect((await graph.send('GET', `/servicePrincipals/${principal.body.id}`)).status).toBe(404);
  });

  it.each<[string, object, string]>([
    ['without a name', {}, "A value is required for property 'displayName' of resource 'Application'."],
    ['with a property that there is not', { displayName: 'x', colour: 'red' }, "Invalid property 'colour'."],
    [
      'with a secret of its own choice',
      { displayName: 'x', passwordCredentials: [{ secretText: 'mine' }] },
      'New password credentials must be generated with service actions.',
    ],
    [
      'with what is no certificate',
      { displayName: 'x', keyCredentials: [{ key: 'bm8=', type: 'AsymmetricX509Cert', usage: 'Verify' }] },
      'Key value is invalid certificate.',
    ],
  ])('%s is refused', async (_what, body, message) => {
    const answer = await graph.send('POST', '/applications', body);
    expect([answer.status, answer.body.error]).toMatchObject([400, { code: 'Request_BadRequest', message }]);
  });

  it('does not take the identifier URI of another', async () => {
    await create({ displayName: 'one', identifierUris: ['api://one'] });
    const answer = await graph.send('POST', '/applications', { displayName: 'two', identifierUris: ['api://one'] });
    expect(answer.status).toBe(400);
  });

  it('is changed by users only', async () => {
    const { id } = await create();
    const token = { user: false };
    for (const [method, path] of [
      ['POST', '/applications'],
      ['PATCH', `/applications/${id}`],
      ['DELETE', `/applications/${id}`],
      ['POST', `/applications/${id}/addPassword`],
    ] as const) {
      const answer = await graph.send(method, path, { displayName: 'x' }, { token });
      expect([answer.status, answer.body.error.code]).toEqual([403, 'Authorization_RequestDenied']);
    }
    expect((await graph.send('GET', `/applications/${id}`, undefined, { token })).status).toBe(200);
  });
});

describe('a secret', () => {
  const addPassword = async (id: string, passwordCredential: object = { displayName: 'rbac' }) =>
    (await graph.send('POST', `/applications/${id}/addPassword`, { passwordCredential })).body;

  it('is told once and kept as a digest', async () => {
    const { id } = await create();
    const made = await addPassword(id);
    const text = String(made['secretText']);
    expect(text).toMatch(/^[A-Za-z0-9]{4}8Q~[\w-]{34}$/);
    const [kept] = graph.directory.applicationByObjectId(id)?.secrets ?? [];
    expect(kept?.sha256).toBe(secretDigest(text));
    const shown = (await graph.send('GET', `/applications/${id}`)).body;
    expect(shown['passwordCredentials']).toEqual([{ ...without(made, '@odata.context'), secretText: null }]);
    expect(JSON.stringify(shown)).not.toContain(text);
  });

  it('is good for two years, or as long as was asked for', async () => {
    const { id } = await create();
    expect(await addPassword(id)).toMatchObject({
      hint: expect.stringMatching(/^.{3}$/) as unknown,
      startDateTime: '2026-01-01T00:00:00Z',
      endDateTime: '2028-01-01T00:00:00Z',
    });
    const asked = { startDateTime: '2026-02-01T00:00:00Z', endDateTime: '2026-03-01T00:00:00Z' };
    expect(await addPassword(id, asked)).toMatchObject(asked);
  });

  it('is taken away by its id, once', async () => {
    const { id } = await create();
    const { keyId } = await addPassword(id);
    const remove = () => graph.send('POST', `/applications/${id}/removePassword`, { keyId });
    expect((await remove()).status).toBe(204);
    expect(graph.directory.applicationByObjectId(id)?.secrets).toEqual([]);
    expect((await remove()).body.error.code).toBe('Request_BadRequest');
  });
});

describe('a certificate', () => {
  const entry = (more: object = {}) => ({
    displayName: null,
    key: certificate.registered.certificate,
    keyId: 'from-the-client',
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
    ...more,
  });

  it('is shown by its thumbprint, without its key', async () => {
    const { id } = await create({ displayName: 'app', keyCredentials: [entry()] });
    const { body } = await graph.send('GET', `/applications/${id}`);
    expect(body['keyCredentials']).toEqual([
      {
        customKeyIdentifier: certificate.registered.sha1.toUpperCase(),
        displayName: 'CN=test',
        endDateTime: '2026-01-02T00:00:00Z',
        key: null,
        keyId: 'from-the-client',
        startDateTime: '2025-12-31T00:00:00Z',
        type: 'AsymmetricX509Cert',
        usage: 'Verify',
      },
    ]);
  });

  it('stays when it is sent back as it was read, and goes when it is left out', async () => {
    const { id } = await create({ displayName: 'app', keyCredentials: [entry()] });
    const { body } = await graph.send('GET', `/applications/${id}`);
    const before = graph.directory.applicationByObjectId(id)?.certificates;
    await graph.send('PATCH', `/applications/${id}`, { keyCredentials: body['keyCredentials'] });
    expect(graph.directory.applicationByObjectId(id)?.certificates).toEqual(before);
    await graph.send('PATCH', `/applications/${id}`, { keyCredentials: [] });
    expect(graph.directory.applicationByObjectId(id)?.certificates).toEqual([]);
  });

  it.each([
    ['startDateTime', -2, 'KeyCredentialsInvalidStartDate'],
    ['endDateTime', 2, 'KeyCredentialsInvalidEndDate'],
  ])('is not good beyond its own time (%s)', async (field, days, code) => {
    const at = iso(graph.clock.now() + days * DAY_MS);
    const answer = await graph.send('POST', '/applications', {
      displayName: 'x',
      keyCredentials: [entry({ [field]: at })],
    });
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
  });
});

describe('a service principal', () => {
  it('is made for an application, with its names', async () => {
    const { appId } = await create({ displayName: 'app', identifierUris: ['api://app'] });
    const { status, body } = await graph.send('POST', '/servicePrincipals', { appId, accountEnabled: true });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      appId,
      displayName: 'app',
      servicePrincipalType: 'Application',
      servicePrincipalNames: [appId, 'api://app'],
      accountEnabled: true,
    });
    const filter = encodeURIComponent("servicePrincipalNames/any(c:c eq 'api://app')");
    expect((await graph.send('GET', `/servicePrincipals?$filter=${filter}`)).body.value).toHaveLength(1);
  });

  it('is one for an application', async () => {
    const { appId } = await create();
    await graph.send('POST', '/servicePrincipals', { appId });
    const again = await graph.send('POST', '/servicePrincipals', { appId });
    expect([again.status, again.body.error.code]).toEqual([409, 'Request_MultipleObjectsWithSameKeyValue']);
  });

  it('needs an application', async () => {
    const answer = await graph.send('POST', '/servicePrincipals', { appId: 'nobody' });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'NoBackingApplicationObject']);
    expect(answer.body.error.message).toContain('does not reference a valid application object');
  });

  it('has secrets of its own, and can be disabled', async () => {
    const { appId } = await create();
    const { id } = (await graph.send('POST', '/servicePrincipals', { appId })).body;
    const { body } = await graph.send('POST', `/servicePrincipals/${id}/addPassword`, {});
    expect(graph.directory.byObjectId(id)?.secrets.map(({ sha256 }) => sha256)).toEqual([
      secretDigest(String(body['secretText'])),
    ]);
    await graph.send('PATCH', `/servicePrincipals/${id}`, { accountEnabled: false });
    expect((await graph.send('GET', `/servicePrincipals/${id}`)).body['accountEnabled']).toBe(false);
    expect((await graph.send('DELETE', `/servicePrincipals(appId='${appId}')`)).status).toBe(204);
    expect(graph.directory.byObjectId(id)).toBeUndefined();
  });

  it('of a managed identity is not changed here', async () => {
    graph.directory.put({
      type: 'ManagedIdentity',
      objectId: 'identity',
      clientId: 'client',
      displayName: 'id',
      secrets: [],
      federatedCredentials: [],
    });
    for (const [method, path] of [
      ['DELETE', '/servicePrincipals/identity'],
      ['POST', '/servicePrincipals/identity/addPassword'],
    ] as const) {
      expect((await graph.send(method, path, {})).status).toBe(403);
    }
    expect(graph.directory.byObjectId('identity')).toBeDefined();
  });
});

function without(body: object, name: string): object {
  return Object.fromEntries(Object.entries(body).filter(([field]) => field !== name));
}
