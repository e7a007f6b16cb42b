// Tokens that are good somewhere, brought elsewhere: to another service, to another lab, changed, or made by hand.
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterSpec } from '#lab/cloud';
import { startCloudLab, type CloudLab } from '../integration/support/cloud-lab.ts';

const VAULT = 'https://kv-azure-tokens.vault.azure.net';
const VALUE = 'Qz8-a-value-of-the-vault';

/** What is asked of each service, with the scope of a token that is good for it. */
const SERVICES = {
  'Key Vault': { scope: 'https://vault.azure.net/.default', url: `${VAULT}/secrets/s?api-version=7.4` },
  'Resource Manager': {
    scope: 'https://management.azure.com/.default',
    url: 'https://management.azure.com/subscriptions?api-version=2022-12-01',
  },
  'Microsoft Graph': { scope: 'https://graph.microsoft.com/.default', url: 'https://graph.microsoft.com/v1.0/me' },
} as const;
const NAMES = Object.keys(SERVICES) as (keyof typeof SERVICES)[];

let lab: CloudLab;
let other: CloudLab;
let cluster: ClusterSpec;

beforeAll(async () => {
  [lab, other] = await Promise.all([startCloudLab(), startCloudLab()]);
  cluster = await lab.makeCluster();
  await other.put('', { location: 'eastus' });
  for (const each of [lab, other]) {
    const { tenantId } = each.cloud.directory.tenant;
    await each.put('/providers/Microsoft.KeyVault/vaults/kv-azure-tokens', {
      location: 'eastus',
      properties: {
        tenantId,
        sku: { family: 'A', name: 'standard' },
        accessPolicies: [
          {
            tenantId,
            objectId: decodeJwt(await each.token(SERVICES['Key Vault'].scope))['oid'],
            permissions: { secrets: ['all'] },
          },
        ],
      },
    });
    await each.put(`${VAULT}/secrets/s`, { value: VALUE });
  }
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
});

const ask = (service: keyof typeof SERVICES, token: string, headers: Readonly<Record<string, string>> = {}) =>
  lab.send(SERVICES[service].url, { authorization: `Bearer ${token}`, ...headers });

describe('an access token', () => {
  it.each(NAMES)('is good for %s when it is meant for it, and for nothing else', async (service) => {
    const token = await lab.token(SERVICES[service].scope);
    for (const asked of NAMES) {
      expect([asked, (await ask(asked, token)).status]).toEqual([asked, asked === service ? 200 : 401]);
    }
  });

  it.each(NAMES)('of another lab is worth nothing at %s', async (service) => {
    const token = await other.token(SERVICES[service].scope);
    const answer = await ask(service, token);
    expect([answer.status, answer.text]).toEqual([401, expect.not.stringContaining(VALUE)]);
    // It is good where it comes from.
    expect((await other.send(SERVICES[service].url, { authorization: `Bearer ${token}` })).status).toBe(200);
  });
});

describe('a token that a hand was laid on', () => {
  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const good = () => lab.token(SERVICES['Key Vault'].scope);
  const publishedKey = async () => {
    const { tenantId } = lab.cloud.directory.tenant;
    const { text } = await lab.send(`https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`, {});
    return createPublicKey({ key: (JSON.parse(text) as { keys: JsonWebKey[] }).keys[0] as JsonWebKey, format: 'jwk' });
  };
  const parts = async () => {
    const token = await good();
    return { head: decodeProtectedHeader(token) as { alg: string; kid: string }, claims: decodeJwt(token), token };
  };
  const byStranger = async (more: object) => {
    const { head, claims } = await parts();
    return new SignJWT(claims).setProtectedHeader({ ...head, ...more }).sign(stranger.privateKey);
  };
  const cases: Readonly<Record<string, () => Promise<string>>> = {
    'without a signature': async () => {
      const { head, claims } = await parts();
      return `${b64({ ...head, alg: 'none' })}.${b64(claims)}.`;
    },
    'with the signature cut off': async () => (await good()).replace(/[^.]*$/, ''),
    'signed with the public key as an HMAC secret': async () => {
      const { head, claims } = await parts();
      const input = `${b64({ ...head, alg: 'HS256' })}.${b64(claims)}`;
      const pem = (await publishedKey()).export({ type: 'spki', format: 'pem' });
      return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
    },
    'signed by a stranger under the published key id': () => byStranger({}),
    'that brings its own key': async () => byStranger({ jwk: await exportJWK(stranger.publicKey) }),
    'that says where its key is': () => byStranger({ jku: 'https://login.microsoftonline.com/x', kid: 'mine' }),
    'for somebody else, under a true signature': async () => {
      const { claims, token } = await parts();
      const [head, , signature] = token.split('.');
      return `${head}.${b64({ ...claims, oid: '00000000-0000-0000-0000-000000000001' })}.${signature}`;
    },
    'that a cluster signed for Entra ID': () =>
      lab.clusters.sign(cluster, { sub: 'system:serviceaccount:default:a', aud: 'api://AzureADTokenExchange' }),
    'that a cluster signed for the vault': async () => {
      const { claims } = await parts();
      return lab.clusters.sign(cluster, { ...claims, iss: claims.iss ?? '' });
    },
  };
  it.each(Object.entries(cases))('%s is refused by every service', async (_what, make) => {
    const token = await make();
    for (const service of NAMES) {
      const { status, text } = await ask(service, token);
      expect([service, status]).toEqual([service, 401]);
      expect(text).not.toContain(VALUE);
    }
  });
});

describe('a vault’s firewall', () => {
  it.each([
    'x-forwarded-for',
    'x-real-ip',
    'forwarded',
    'x-client-ip',
    'x-ms-client-ip-address',
    'x-azure-clientip',
    'true-client-ip',
  ])('believes no client that says by %s where it comes from', async (header) => {
    const allowed = '20.1.2.3';
    const { tenantId } = lab.cloud.directory.tenant;
    await lab.put('/providers/Microsoft.KeyVault/vaults/kv-azure-tokens', {
      location: 'eastus',
      properties: {
        tenantId,
        sku: { family: 'A', name: 'standard' },
        accessPolicies: [],
        networkAcls: { defaultAction: 'Deny', bypass: 'None', ipRules: [{ value: `${allowed}/32` }] },
      },
    });
    const token = await lab.token(SERVICES['Key Vault'].scope);
    const value = header === 'forwarded' ? `for=${allowed}` : allowed;
    const answer = await ask('Key Vault', token, { [header]: value });
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('ForbiddenByFirewall')]);
  });
});
