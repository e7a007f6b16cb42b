import { decodeJwt } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { openSigningKey } from './signing-key.ts';
import { createTokenScene, type TokenScene } from './testing/token-scene.ts';

let scene: TokenScene;
// One store for all tests: it keeps the signing key, which takes time to make.
const store = createMemoryStore();

beforeAll(async () => {
  await openSigningKey(store);
});

beforeEach(async () => {
  scene = await createTokenScene(store);
});

describe('the signed-in user', () => {
  it('trades a refresh token in for tokens of any resource', async () => {
    const refreshToken = scene.grant('refresh').expose();
    const { status, body } = await scene.post({
      grant_type: 'refresh_token',
      client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      refresh_token: refreshToken,
      scope: 'https://management.core.windows.net//.default offline_access openid profile',
    });
    expect(status).toBe(200);
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      aud: 'https://management.core.windows.net/',
      idtyp: 'user',
      oid: scene.directory.user.objectId,
      upn: scene.directory.user.userPrincipalName,
      scp: 'user_impersonation',
      appidacr: '0',
    });
    expect(decodeJwt(String(body['id_token']))).toMatchObject({
      aud: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      preferred_username: scene.directory.user.userPrincipalName,
    });
    const info = JSON.parse(Buffer.from(String(body['client_info']), 'base64url').toString()) as unknown;
    expect(info).toEqual({ uid: scene.directory.user.objectId, utid: scene.tenantId });
    expect(scene.entra.grants.read('refresh', String(body['refresh_token']))?.userObjectId).toBe(
      scene.directory.user.objectId,
    );
    expect(body['scope']).toBe(
      'https://management.core.windows.net//user_impersonation https://management.core.windows.net//.default',
    );
  });

  it('gets the permission that it asks an application for, or with .default all that it offers', async () => {
    const { clientId } = scene.directory.createApplication({ displayName: 'api' });
    const application = scene.directory.applicationByClientId(clientId);
    if (application === undefined) throw new Error('no application');
    const oauth2PermissionScopes = ['read', 'write', 'gone'].map((value) => ({ value, isEnabled: value !== 'gone' }));
    scene.directory.putApplication({
      ...application,
      identifierUris: ['api://scoped'],
      properties: { api: { oauth2PermissionScopes } },
    });
    const scopes = async (name: string) => {
      const { body } = await scene.post({
        grant_type: 'refresh_token',
        client_id: 'az',
        refresh_token: scene.grant('refresh').expose(),
        scope: `api://scoped/${name} openid`,
      });
      return [decodeJwt(String(body['access_token']))['scp'], body['scope']];
    };
    expect(await scopes('read')).toEqual(['read', 'api://scoped/read']);
    expect(await scopes('.default')).toEqual([
      'read write',
      'api://scoped/read api://scoped/write api://scoped/.default',
    ]);
  });

  it('is refused tokens through an application whose secret is wrong', async () => {
    const form = {
      ...scene.secretForm({ scope: 'openid' }),
      grant_type: 'refresh_token',
      refresh_token: scene.grant('refresh').expose(),
    };
    expect((await scene.post(form)).status).toBe(200);
    const refused = await scene.post({ ...form, client_secret: 'hunter2' });
    expect([refused.status, refused.body['error_codes']]).toEqual([401, [7000215]]);
  });

  it('gets a device code from the v1.0 endpoint too, and none without a client', async () => {
    const path = '/organizations/oauth2/devicecode';
    expect((await scene.post({ client_id: 'az', resource: 'https://vault.azure.net' }, path)).status).toBe(200);
    expect((await scene.post({ scope: 'openid' }, path)).body['error_codes']).toEqual([900144]);
  });

  it('signs in once by a device code', async () => {
    const { body } = await scene.post({ client_id: 'az', scope: 'openid' }, '/organizations/oauth2/v2.0/devicecode');
    const redeem = () =>
      scene.post(
        {
          grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
          client_id: 'az',
          device_code: String(body['device_code']),
          scope: 'https://vault.azure.net/.default',
        },
        '/organizations/oauth2/v2.0/token',
      );
    expect((await redeem()).status).toBe(200);
    // RFC 6749, 5.2, for a grant that is used up
    expect(await redeem()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('signs in by device code without a question, for the scope that the code was asked for', async () => {
    const scope = 'https://management.core.windows.net//.default openid';
    const code = await scene.post({ client_id: 'az', scope }, '/organizations/oauth2/v2.0/devicecode');
    const { status, body } = await scene.post(
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'az',
        device_code: String(code.body['device_code']),
      },
      '/organizations/oauth2/v2.0/token',
    );
    expect(status).toBe(200);
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      oid: scene.directory.user.objectId,
      aud: 'https://management.core.windows.net/',
    });
    expect(body['id_token']).toBeDefined();
  });
});
