import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportJWK, SignJWT, type JWTPayload } from 'jose';
import { ProxyAgent, request } from 'undici';
import { createDisposeStack, silentLog, systemClock, systemRandom } from '#base';
import { startCloud, type Cloud, type ClusterHost, type ClusterSpec } from '#lab/cloud';
import type { Faults } from '#lab/faults';
import { createMemoryStore, type Store } from '#lab/store';

/** Clusters that are nothing but an issuer: enough for Entra ID to check their tokens. */
export interface IssuerOnlyClusters extends ClusterHost {
  readonly applied: Map<string, ClusterSpec>;
  /** Signs a token as the API server of `spec` would. */
  sign(spec: ClusterSpec, claims: JWTPayload): Promise<string>;
}

/** The emulated Azure for a test, and ways to use it from outside. */
export interface CloudLab extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly clusters: IssuerOnlyClusters;
  readonly folder: string;
  /** Sends a JSON request through the gateway, as the signed-in user when `as` is not given. */
  call(method: string, url: string, body?: object): Promise<{ status: number; body: unknown }>;
  /** An access token of the signed-in user, for `https://HOST/.default`. */
  token(scope: string): Promise<string>;
  /** Sends a request through the gateway with these headers and no others. */
  send(url: string, headers: Readonly<Record<string, string>>): Promise<{ status: number; text: string }>;
  /** Makes or changes a resource, a path below the resource group `rg` or a URL, and answers it. Throws when it is refused. */
  put<T = unknown>(place: string, body: object): Promise<T>;
  /** Makes the group `rg` and a cluster `aks` in it, and answers what its host was told. */
  makeCluster(): Promise<ClusterSpec>;
  /** Runs an ES module in a new Node process whose only tie to the lab is its environment; answers what it printed. */
  runNode(module: string, env?: Readonly<Record<string, string>>): Promise<string>;
}

/** A key of issuers, with what they publish of it. */
async function createSigningKey(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}

/** Clusters without a Kubernetes behind them. They share their signing keys, of which the newest signs. */
export async function createIssuerOnlyClusters(): Promise<IssuerOnlyClusters> {
  let signing = await createSigningKey('cluster-key');
  const published = [signing.jwk];
  const applied = new Map<string, ClusterSpec>();
  return {
    applied,
    apply: (spec) => {
      applied.set(spec.armId.toLowerCase(), spec);
      return Promise.resolve();
    },
    remove: (armId) => {
      applied.delete(armId.toLowerCase());
      return Promise.resolve();
    },
    kubeconfig: () => Promise.resolve('apiVersion: v1\nkind: Config\n'),
    rotateSigningKeys: async () => {
      signing = await createSigningKey(`cluster-key-${published.length + 1}`);
      published.push(signing.jwk);
    },
    issuer: (armId) => {
      const spec = applied.get(armId.toLowerCase());
      if (spec === undefined) return undefined;
      return {
        openidConfiguration: () => ({
          issuer: spec.issuerUrl,
          jwks_uri: `${spec.issuerUrl}openid/v1/jwks`,
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        }),
        jwks: () => ({ keys: published }),
      };
    },
    sign: (spec, claims) =>
      new SignJWT({ iss: spec.issuerUrl, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: signing.kid })
        .setIssuedAt()
        .setNotBefore('0s')
        .setExpirationTime('1h')
        .sign(signing.privateKey),
  };
}

/** Starts the emulated Azure on `store` (default: a new one in memory), with `faults` in the way of its clients. */
export async function startCloudLab(store: Store = createMemoryStore(), faults?: Faults): Promise<CloudLab> {
  const stack = createDisposeStack();
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-cloud-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const clusters = await createIssuerOnlyClusters();
  const cloud = stack.use(
    await startCloud({ store, clock: systemClock, random: systemRandom, log: silentLog, clusters, faults }),
  );
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, cloud.caPem);
  const agent = new ProxyAgent({ uri: cloud.gateway.proxyUrl, requestTls: { ca: cloud.caPem } });
  stack.defer(() => agent.destroy());
  const { subscriptionId } = cloud.directory.subscription;
  const group = `https://management.azure.com/subscriptions/${subscriptionId}/resourceGroups/rg`;
  const lab: CloudLab = {
    cloud,
    clusters,
    folder,
    call: async (method, url, body) => {
      const { hostname } = new URL(url);
      const resource = hostname.endsWith('.vault.azure.net') ? 'vault.azure.net' : hostname;
      const token = await userToken(cloud, agent, `https://${resource}/.default`);
      const answer = await request(url, {
        method: method as 'GET',
        dispatcher: agent,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
    },
    token: (scope) => userToken(cloud, agent, scope),
    send: async (url, headers) => {
      const answer = await request(url, { dispatcher: agent, headers });
      return { status: answer.statusCode, text: await answer.body.text() };
    },
    put: async <T>(place: string, body: object) => {
      const url = place.startsWith('https://') ? place : `${group}${place}`;
      const version = new URL(url).hostname.endsWith('.vault.azure.net') ? '7.4' : '2024-11-01';
      const answer = await lab.call('PUT', `${url}?api-version=${version}`, body);
      if (answer.status >= 300) throw new Error(`PUT ${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body as T;
    },
    makeCluster: async () => {
      await lab.put('', { location: 'eastus' });
      await lab.put('/providers/Microsoft.ContainerService/managedClusters/aks', {
        location: 'eastus',
        identity: { type: 'SystemAssigned' },
        properties: {
          dnsPrefix: 'aks',
          agentPoolProfiles: [{ name: 'nodepool1', count: 1, mode: 'System' }],
          oidcIssuerProfile: { enabled: true },
          securityProfile: { workloadIdentity: { enabled: true } },
        },
      });
      const [spec] = clusters.applied.values();
      if (spec === undefined) throw new Error('no cluster was applied');
      return spec;
    },
    runNode: async (module, env = {}) => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', module], {
        cwd: new URL('../../..', import.meta.url).pathname,
        env: {
          PATH: process.env['PATH'],
          HOME: folder,
          HTTPS_PROXY: cloud.gateway.proxyUrl,
          NO_PROXY: '127.0.0.1,localhost',
          NODE_EXTRA_CA_CERTS: caFile,
          ...env,
        },
      });
      return stdout;
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
  return lab;
}

/** The public client that az is. */
const AZ_CLIENT_ID = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

/** A token of the lab's user, had as az has it: for a refresh token. */
async function userToken(cloud: Cloud, dispatcher: ProxyAgent, scope: string): Promise<string> {
  const answer = await request('https://login.microsoftonline.com/organizations/oauth2/v2.0/token', {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: AZ_CLIENT_ID,
      refresh_token: cloud.signInUser().expose(),
      scope,
    }).toString(),
  });
  const body = (await answer.body.json()) as { access_token: string };
  return body.access_token;
}
