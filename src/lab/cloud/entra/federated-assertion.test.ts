import { decodeJwt, decodeProtectedHeader } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { openSigningKey } from './signing-key.ts';
import { AUDIENCE, CLIENT, createTokenScene, ISSUER, SUBJECT, type TokenScene } from './testing/token-scene.ts';

let scene: TokenScene;
// One store for all tests: it keeps the signing key, which takes time to make.
const store = createMemoryStore();

beforeAll(async () => {
  await openSigningKey(store);
});

beforeEach(async () => {
  scene = await createTokenScene(store);
});

describe('a federated exchange', () => {
  it('answers with the recorded fields, for a day', async () => {
    const answer = await scene.federated();
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual([
      'access_token',
      'expires_in',
      'ext_expires_in',
      'refresh_in',
      'token_type',
    ]);
    expect(answer.body['expires_in']).toBe(86_399);
    expect(answer.headers.get('cache-control')).toBe('no-store, no-cache');
  });

  it('makes a v1.0 token of the managed identity', async () => {
    const { body } = await scene.federated(
      {},
      {
        claims: '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
      },
    );
    const token = String(body['access_token']);
    const header = decodeProtectedHeader(token);
    expect(header).toMatchObject({ typ: 'JWT', alg: 'RS256', kid: header.kid, x5t: header.kid });
    expect(decodeJwt(token)).toMatchObject({
      aud: 'https://vault.azure.net',
      iss: `https://sts.windows.net/${scene.tenantId}/`,
      appid: CLIENT,
      appidacr: '2',
      idp: `https://sts.windows.net/${scene.tenantId}/`,
      idtyp: 'app',
      oid: 'b1a4c7de-0000-4000-8000-0000000000aa',
      sub: 'b1a4c7de-0000-4000-8000-0000000000aa',
      tid: scene.tenantId,
      ver: '1.0',
      xms_mirid: '/subscriptions/s/resourcegroups/Rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Id',
      xms_cc: ['cp1'],
      iat: scene.nowSec(),
      exp: scene.nowSec() + 86_399,
    });
  });

  it('stands for an application as well as for a managed identity', async () => {
    const application = scene.directory.applicationByClientId(scene.app.clientId);
    if (application === undefined) throw new Error('no application');
    scene.directory.putApplication({
      ...application,
      federatedCredentials: [{ name: 'fic', issuer: ISSUER, subject: SUBJECT, audiences: [AUDIENCE] }],
    });
    const answer = await scene.post(
      scene.assertionForm(await scene.issuer.sign(scene.claims()), { client_id: scene.app.clientId }),
    );
    expect(answer.status).toBe(200);
    expect(decodeJwt(String(answer.body['access_token']))).toMatchObject({
      appid: scene.app.clientId,
      oid: scene.directory.byClientId(scene.app.clientId)?.objectId,
      appidacr: '2',
    });
  });

  it('begins to fail as soon as the credential is gone, and works again when it is back', async () => {
    const identity = scene.directory.byClientId(CLIENT);
    if (identity === undefined) throw new Error('no identity');
    expect((await scene.federated()).status).toBe(200);
    scene.directory.put({ ...identity, federatedCredentials: [] });
    expect((await scene.federated()).body['error_codes']).toEqual([70025]);
    scene.directory.put(identity);
    expect((await scene.federated()).status).toBe(200);
  });

  it('is one audit fact with what the assertion claimed', async () => {
    const request = new Request(`https://login.microsoftonline.com/${scene.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams(scene.assertionForm(await scene.issuer.sign(scene.claims({ sub: 'other' })))),
    });
    await scene.entra.service.fetch(request);
    scene.audit.record(request, { service: 'entra', method: 'POST', host: 'h', path: '/', status: 401, durationMs: 1 });
    expect(scene.audit.records().at(-1)).toMatchObject({
      operation: 'TokenIssue',
      result: 'AADSTS700213',
      identity: { clientId: CLIENT, name: 'workload-identity' },
      details: { issuer: ISSUER, subject: 'other', audience: AUDIENCE, resource: 'https://vault.azure.net' },
    });
  });
});
