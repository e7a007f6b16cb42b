import { decodeJwt } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { openSigningKey } from './signing-key.ts';
import { createTokenScene, without, type TokenScene } from './testing/token-scene.ts';

let scene: TokenScene;
// One store for all tests: it keeps the signing key, which takes time to make.
const store = createMemoryStore();

beforeAll(async () => {
  await openSigningKey(store);
});

beforeEach(async () => {
  scene = await createTokenScene(store);
});

describe('a client secret', () => {
  const scopes = [
    ['https://vault.azure.net/.default', 'https://vault.azure.net'],
    ['https://management.core.windows.net//.default', 'https://management.core.windows.net/'],
    ['https://management.azure.com/.default openid profile offline_access', 'https://management.azure.com'],
    ['https://graph.microsoft.com/.default', 'https://graph.microsoft.com'],
    ['https://vault.usgovcloudapi.net/.default', 'https://vault.usgovcloudapi.net'],
    ['cfa8b339-82a2-471a-a3c9-0fc0be7a4093/.default', 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093'],
  ];
  it.each(scopes)('with the scope %s buys a token for %s', async (scope, audience) => {
    const { status, body } = await scene.post(scene.secretForm({ scope }));
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'ext_expires_in', 'token_type']);
    expect(body['expires_in']).toBe(3599);
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      aud: audience,
      appidacr: '1',
      appid: scene.app.clientId,
    });
  });

  it.each(['api://my-api', 'API://my-api/', 'the client id'])('buys a token for an application as %s', async (name) => {
    const { clientId } = scene.directory.createApplication({ displayName: 'api' });
    const application = scene.directory.applicationByClientId(clientId);
    if (application === undefined) throw new Error('no application');
    scene.directory.putApplication({ ...application, identifierUris: ['api://my-api'] });
    const audience = name === 'the client id' ? clientId : name;
    const { status, body } = await scene.post(scene.secretForm({ scope: `${audience}/.default` }));
    expect([status, decodeJwt(String(body['access_token'])).aud]).toEqual([200, audience]);
  });

  it('buys a v2.0 token for an application that takes those, whatever it is asked for by', async () => {
    const { clientId } = scene.directory.createApplication({ displayName: 'api' });
    const application = scene.directory.applicationByClientId(clientId);
    if (application === undefined) throw new Error('no application');
    scene.directory.putApplication({
      ...application,
      identifierUris: ['api://v2-api'],
      properties: { api: { requestedAccessTokenVersion: 2 } },
    });
    for (const [host, scope] of [
      ['login.microsoftonline.com', 'api://v2-api/.default'],
      ['login.microsoftonline.us', `${clientId}/.default`],
    ] as const) {
      const { body } = await scene.post(scene.secretForm({ scope }), undefined, { host });
      const claims = decodeJwt(String(body['access_token']));
      expect(claims).toMatchObject({
        aud: clientId,
        iss: `https://${host}/${scene.tenantId}/v2.0`,
        azp: scene.app.clientId,
        azpacr: '1',
        ver: '2.0',
      });
      expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['appid']));
    }
  });

  it.each([
    ['as it is', (text: string) => text],
    ['form-encoded', encodeURIComponent],
  ])('may come in the Authorization header, %s', async (_, encode) => {
    const form = without(without(scene.secretForm(), 'client_id'), 'client_secret');
    const basic = (secret: string) =>
      `Basic ${Buffer.from(`${encode(scene.app.clientId)}:${encode(secret)}`).toString('base64')}`;
    expect((await scene.post(form, undefined, { authorization: basic(scene.app.secret) })).status).toBe(200);
    const refused = await scene.post(form, undefined, { authorization: basic('50% wrong+secret') });
    expect([refused.status, refused.body['error_codes']]).toEqual([401, [7000215]]);
  });

  it('is accepted by the hosts of regions, which name themselves in their documents', async () => {
    const host = 'westeurope.login.microsoft.com';
    expect(scene.entra.service.serves(host)).toBe(true);
    expect((await scene.post(scene.secretForm(), undefined, { host })).status).toBe(200);
    const { body } = await scene.send(
      new Request(`https://${host}/${scene.tenantId}/v2.0/.well-known/openid-configuration`),
    );
    expect(body).toMatchObject({
      issuer: `https://login.microsoftonline.com/${scene.tenantId}/v2.0`,
      token_endpoint: `https://${host}/${scene.tenantId}/oauth2/v2.0/token`,
    });
  });

  it('buys no token for an application without a service principal', async () => {
    const { clientId, objectId } = scene.directory.createApplication({ displayName: 'api' });
    scene.directory.remove(objectId);
    expect((await scene.post(scene.secretForm({ scope: `${clientId}/.default` }))).body['error_codes']).toEqual([
      500011,
    ]);
  });

  it('is accepted under the domain of the tenant and on every login host', async () => {
    const path = `/${scene.directory.tenant.defaultDomain.toUpperCase()}/oauth2/v2.0/token`;
    expect((await scene.post(scene.secretForm(), path)).status).toBe(200);
    expect(scene.entra.service.serves('login.windows.net')).toBe(true);
    expect(scene.entra.service.serves('login.example.com')).toBe(false);
  });

  it('works at the v1.0 endpoint, which takes a resource and answers strings', async () => {
    const form = { ...without(scene.secretForm(), 'scope'), resource: 'https://vault.azure.net' };
    const { status, body } = await scene.post(form, `/${scene.tenantId}/oauth2/token`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ resource: 'https://vault.azure.net', expires_on: String(scene.nowSec() + 3599) });
  });
});
