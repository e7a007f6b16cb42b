import { beforeEach, describe, expect, it } from 'vitest';
import { TENANT_ID, type FakeToken } from '../rest/testing/index.ts';
import { AUDIENCE, createVaultScene, OTHER_ID, type VaultScene } from './testing/vault-scene.ts';

let scene: VaultScene;

beforeEach(() => {
  scene = createVaultScene();
});

describe('before anything else, the data plane', () => {
  it.each([
    ['GET', '/secrets/unknown'],
    ['PUT', '/secrets/new'],
    ['GET', '/no/such/path'],
    ['GET', '/secrets/bad_name'],
    ['POST', '/keys/k/create'],
  ])('answers %s %s without a token with the challenge', async (method, path) => {
    const answer = await scene.send(method, path, { token: null });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer authorization="https://login.microsoftonline.com/${TENANT_ID}", resource="https://vault.azure.net"`,
    );
    expect(answer.body.error).toMatchObject({
      code: 'Unauthorized',
      message: 'AKV10000: Request is missing a Bearer or PoP token.',
    });
    expect(scene.audit.facts(scene.lastRequest)).toEqual({ operation: 'Authentication', result: 'Unauthorized' });
  });

  it('names the resource of the cloud that was dialled', async () => {
    const answer = await scene.send('GET', '/secrets', { token: null, host: 'kv1.vault.usgovcloudapi.net' });
    expect(answer.headers.get('www-authenticate')).toContain('resource="https://vault.usgovcloudapi.net"');
  });

  it.each<[string, FakeToken, string]>([
    [
      'another audience',
      { aud: 'https://management.azure.com/' },
      'AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://management.azure.com/.',
    ],
    [
      'another issuer',
      { aud: AUDIENCE, refusal: 'issuer', found: 'https://sts.windows.net/x/' },
      `AKV10032: Invalid issuer. Expected one of https://sts.windows.net/${TENANT_ID}/, found https://sts.windows.net/x/.`,
    ],
    [
      'another tenant than the vault',
      { aud: AUDIENCE, tid: OTHER_ID },
      `AKV10032: Invalid issuer. Expected one of https://sts.windows.net/${TENANT_ID}/, found https://sts.windows.net/${OTHER_ID}/.`,
    ],
    ['an expired token', { aud: AUDIENCE, refusal: 'expired' }, "[TokenExpired] Error validating token: 'S2S12086'."],
  ])('refuses %s by its own text', async (_what, token, message) => {
    const answer = await scene.send('GET', '/secrets', { token });
    expect([answer.status, answer.body.error.message]).toEqual([401, message]);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer authorization=');
  });

  it('knows no vault that does not exist', async () => {
    expect(scene.service.exists('kv1.vault.azure.net')).toBe(true);
    expect(scene.service.exists('kv2.vault.azure.net')).toBe(false);
    expect(scene.service.exists('kv1.example.com')).toBe(false);
    const answer = await scene.send('GET', '/secrets', { host: 'kv2.vault.azure.net' });
    expect([answer.status, answer.body.error.message]).toEqual([502, expect.stringContaining('ENOTFOUND kv2.vault')]);
  });
});

describe('an api-version', () => {
  it.each(['2016-10-01', '7.0', '7.4', '7.6-preview.2', '7.6', '2025-07-01', '2026-04-01', '2025-06-01-preview'])(
    '%s is known',
    async (version) => {
      expect((await scene.send('GET', `/secrets?api-version=${version}`)).status).toBe(200);
    },
  );

  it.each(['1.0', '7', '2019-01-01', 'latest'])('%s is refused', async (version) => {
    const { status, body } = await scene.send('GET', `/secrets?api-version=${version}`);
    expect([status, body.error.code]).toEqual([400, 'BadParameter']);
    expect(body.error.message).toContain(`The specified version (${version}) is not recognized.`);
  });
});

it('every answer has the headers of Key Vault, and echoes the client request id', async () => {
  const { headers } = await scene.send('GET', '/secrets', { headers: { 'x-ms-client-request-id': 'abc' } });
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'content-type': 'application/json; charset=utf-8',
    'x-ms-keyvault-region': 'eastus',
    'x-ms-client-request-id': 'abc',
    'x-ms-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'strict-transport-security': 'max-age=31536000;includeSubDomains',
    'x-content-type-options': 'nosniff',
  });
});
