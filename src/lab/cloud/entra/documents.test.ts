import { decodeProtectedHeader } from 'jose';
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

describe('the discovery documents', () => {
  const get = (path: string) => scene.send(new Request(`https://login.microsoftonline.com${path}`));

  it('name the endpoints of the tenant', async () => {
    const { body } = await get(`/${scene.tenantId}/v2.0/.well-known/openid-configuration`);
    expect(body).toMatchObject({
      issuer: `https://login.microsoftonline.com/${scene.tenantId}/v2.0`,
      token_endpoint: `https://login.microsoftonline.com/${scene.tenantId}/oauth2/v2.0/token`,
      authorization_endpoint: `https://login.microsoftonline.com/${scene.tenantId}/oauth2/v2.0/authorize`,
      jwks_uri: `https://login.microsoftonline.com/${scene.tenantId}/discovery/v2.0/keys`,
    });
  });

  it('keep the placeholder for organizations', async () => {
    const { body } = await get('/organizations/v2.0/.well-known/openid-configuration');
    expect(body['issuer']).toBe('https://login.microsoftonline.com/{tenantid}/v2.0');
    expect(body['token_endpoint']).toBe('https://login.microsoftonline.com/organizations/oauth2/v2.0/token');
  });

  it.each([
    ['login.microsoftonline.com', 'sts.windows.net', 'microsoftonline.com', 'graph.microsoft.com'],
    ['login.microsoftonline.us', 'sts.windows.net', 'microsoftonline.us', 'graph.microsoft.us'],
    [
      'login.partner.microsoftonline.cn',
      'sts.chinacloudapi.cn',
      'partner.microsoftonline.cn',
      'microsoftgraph.chinacloudapi.cn',
    ],
  ])('at %s are those of its cloud', async (host, tokenIssuerHost, cloud_instance_name, msgraph_host) => {
    const at = (path: string) =>
      scene.send(new Request(`https://${host}/${scene.tenantId}${path}/.well-known/openid-configuration`));
    const [v1, v2] = [(await at('')).body, (await at('/v2.0')).body];
    expect(v1['issuer']).toBe(`https://${tokenIssuerHost}/${scene.tenantId}/`);
    expect(v2['issuer']).toBe(`https://${host}/${scene.tenantId}/v2.0`);
    expect(v2).toMatchObject({ cloud_instance_name, msgraph_host });
  });

  it('of consumers are those of the tenant of personal accounts, in which nobody can sign in', async () => {
    const { body } = await get('/consumers/v2.0/.well-known/openid-configuration');
    expect(body).toMatchObject({
      issuer: 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
      token_endpoint: 'https://login.microsoftonline.com/consumers/oauth2/v2.0/token',
    });
    for (const path of ['token', 'devicecode']) {
      const refused = await scene.post(scene.secretForm(), `/consumers/oauth2/v2.0/${path}`);
      expect([refused.status, refused.body['error_codes']]).toEqual([400, [700016]]);
    }
  });

  it('refuse a tenant that nobody has', async () => {
    const { status, body } = await get('/contoso.com/v2.0/.well-known/openid-configuration');
    expect([status, body['error_codes']]).toEqual([400, [90002]]);
  });

  it.each(['discovery/v2.0/keys', 'discovery/keys'])('publish the key of the tokens at %s', async (path) => {
    const { body } = await get(`/${scene.tenantId}/${path}`);
    const token = String((await scene.post(scene.secretForm())).body['access_token']);
    expect((body['keys'] as { kid: string }[])[0]?.kid).toBe(decodeProtectedHeader(token).kid);
  });

  it('answer instance discovery with the hosts that are one cloud', async () => {
    const { body } = await get(
      '/common/discovery/instance?api-version=1.1&authorization_endpoint=https%3A%2F%2Flogin.microsoftonline.com%2Fabc%2Foauth2%2Fv2.0%2Fauthorize',
    );
    expect(body['tenant_discovery_endpoint']).toBe(
      'https://login.microsoftonline.com/abc/v2.0/.well-known/openid-configuration',
    );
    expect((body['metadata'] as { aliases: string[] }[])[0]?.aliases).toContain('login.windows.net');
  });
});
