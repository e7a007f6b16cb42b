import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret, systemClock, systemRandom } from '#base';
import { createCertificateAuthority } from '#crypto';
import { createAzureClients } from './azure-clients.ts';
import { findCloud, type Cloud } from './clouds.ts';
import type { TokenProxy } from './credential.ts';
import { parseTokenProxyUrl, tokenProxyServerName } from './token-proxy.ts';

// A cluster's API server and the token proxy behind its front: one address, told apart by the TLS server name.

const CLUSTER_ID = '64f0c0ffee0000000000abcd';
const ACCESS_TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJhcHBpZCI6ImNsaWVudCJ9.YWNjZXNz';
const cloud = findCloud('AzurePublicCloud') as Cloud;
const { signal } = new AbortController();

interface Asked {
  readonly serverName: string | undefined;
  readonly path: string | undefined;
  readonly form: URLSearchParams;
}

let folder: string;
let server: Server;
let caFile: string;
let asked: Asked[];
let answer: { readonly status: number; readonly body: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-proxy-'));
  const authority = await createCertificateAuthority('cluster', { clock: systemClock, random: systemRandom });
  caFile = join(folder, 'ca.crt');
  await writeFile(caFile, authority.pair.certPem);
  const apiServer = await authority.issueServer({
    dnsNames: ['localhost', `hcp-kubernetes.${CLUSTER_ID}.svc.cluster.local`],
  });
  const proxy = await authority.issueServer({ dnsNames: [tokenProxyServerName(CLUSTER_ID), 'named.ests.aks'] });
  const context = createSecureContext({ key: proxy.keyPem, cert: proxy.certPem });
  server = createServer(
    {
      key: apiServer.keyPem,
      cert: apiServer.certPem,
      SNICallback: (name, done) => (name.endsWith('.ests.aks') ? done(null, context) : done(null)),
    },
    (request, response) => {
      void text(request).then((body) => {
        const { servername } = request.socket as { servername?: string };
        asked.push({ serverName: servername, path: request.url?.split('?')[0], form: new URLSearchParams(body) });
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  asked = [];
  const token = { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: ACCESS_TOKEN };
  answer = { status: 200, body: JSON.stringify(token) };
});

const proxyAt = (changes: Partial<TokenProxy> = {}): TokenProxy => ({
  url: `https://localhost:${(server.address() as AddressInfo).port}`,
  serverName: undefined,
  caFile,
  ...changes,
});

function getToken(proxy: TokenProxy) {
  const clients = createAzureClients({ clock: systemClock, userAgent: 'test', timeoutMs: 5_000 });
  const identity = { mode: 'token-proxy', clientId: 'client', assertion: new Secret('pod.token.x'), proxy } as const;
  return clients
    .tokenSource(cloud, { ...identity, tenantId: 'tenant' })
    .token('https://vault.azure.net/.default', { signal });
}

describe('a token by identity binding', () => {
  it('is asked of the proxy under the name that the certificate of the API server leads to, and of nobody else', async () => {
    const { token } = await getToken(proxyAt());
    expect(token.expose()).toBe(ACCESS_TOKEN);
    expect(asked.map(({ serverName, path }) => ({ serverName, path }))).toEqual([
      { serverName: tokenProxyServerName(CLUSTER_ID), path: '/tenant/oauth2/v2.0/token' },
    ]);
    expect(Object.fromEntries(asked[0]?.form ?? [])).toMatchObject({
      client_id: 'client',
      client_assertion: 'pod.token.x',
      grant_type: 'client_credentials',
    });
  });

  it('is asked under the name that is given, below the path of the proxy', async () => {
    await getToken(proxyAt({ url: `${proxyAt().url}/proxy`, serverName: 'named.ests.aks' }));
    expect(asked).toMatchObject([{ serverName: 'named.ests.aks', path: '/proxy/tenant/oauth2/v2.0/token' }]);
  });

  it.each([
    ['where the proxy is not who it should be', () => ({ serverName: 'other.ests.aks' }), /altnames|certificate/i],
    ['where the authorities are others', () => ({ caFile: join(folder, 'missing.crt') }), /certificate/i],
    ['where nobody listens', () => ({ url: 'https://localhost:9', serverName: 'named.ests.aks' }), /ECONNREFUSED/],
  ])('is not asked for %s', async (_where, changes, why) => {
    await expect(getToken(proxyAt(changes()))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(why),
      hint: expect.stringContaining('--token-proxy-url'),
    });
    expect(asked).toEqual([]);
  });

  it('that is refused by the cluster says which role is missing', async () => {
    answer = {
      status: 403,
      body: JSON.stringify({ error: 'forbidden', error_description: 'not authorized to use client' }),
    };
    await expect(getToken(proxyAt())).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('through the token proxy https://localhost'),
      hint: expect.stringContaining('use-managed-identity'),
    });
  });
});

it('the server name is a DNS label of the digest of the cluster’s id', () => {
  // Base32 "extended hex" (RFC 4648, section 7), here by arithmetic on the whole number.
  const digest = createHash('sha256').update(`identity-binding${CLUSTER_ID}`).digest('hex');
  const digits = (BigInt(`0x${digest}`) << 4n).toString(32).padStart(52, '0');
  expect(tokenProxyServerName(CLUSTER_ID)).toBe(`a${digits}.ests.aks`);
});

describe('the address of a token proxy', () => {
  it.each([
    ['https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc.cluster.local'],
    ['https://10.0.0.1:6443/proxy/', 'https://10.0.0.1:6443/proxy'],
  ])('%s is taken', (given, taken) => {
    expect(parseTokenProxyUrl(given)).toBe(taken);
  });

  it.each(['http://proxy', 'https://user@proxy', 'https://proxy?x', 'https://proxy#x', 'proxy', ''])(
    '%s is refused',
    (given) => {
      expect(() => parseTokenProxyUrl(given)).toThrow('must be an https URL');
    },
  );
});
