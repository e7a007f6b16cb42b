import { stringify as renderYaml } from 'yaml';
import { createDisposeStack, KeyferryError, type Clock, type Log, type Random } from '#base';
import { startHttpServer, type HttpServer, type HttpServerOptions } from '#http';
import type { Faults } from '#lab/faults';
import { storeSection, type Store } from '#lab/store';
import { machineTime } from '#lab/clock';
import type { ApiAccess } from '../api-access.ts';
import type { PodStreams } from '../pod-streams.ts';
import { createApiAccess } from './access.ts';
import { createAuthorizer } from './auth/authorizer.ts';
import { loadClusterAuthority } from './auth/cluster-authority.ts';
import { createServiceAccountTokens, type VerifiedToken } from './auth/service-account-tokens.ts';
import { openSigningKeys } from './auth/signing-keys.ts';
import { publishApiServer, seedCluster } from './bootstrap.ts';
import { createKindRegistry } from './kinds/kind-registry.ts';
import type { ServeContext } from './serve/context.ts';
import { removeWithDefinitions } from './operations/definition-cleanup.ts';
import { createRequestListener } from './serve/handler.ts';
import { createRequestFaults } from './serve/request-faults.ts';
import { attachUpgrades } from './serve/upgrades.ts';
import { openObjectStorage } from './storage/object-storage.ts';

/** What an API server needs. */
export interface ApiServerOptions {
  /** Where objects and keys are kept; the server uses all of it. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The `iss` of service account tokens, with its slash at the end. */
  readonly issuerUrl: string;
  /** The port to listen on if it is free; otherwise any. */
  readonly port?: number;
  /** Logs and commands of containers; a function when the node comes up after the server. */
  readonly streams?: PodStreams | (() => PodStreams | undefined);
  /** What /version says. Default v1.34.1. */
  readonly kubernetesVersion?: string;
  /** What goes wrong on purpose for clients of the socket; its host is `127.0.0.1:PORT`. Default: nothing. */
  readonly faults?: Faults | undefined;
}

/** Who a kubeconfig is for. */
export interface KubeconfigRequest {
  readonly user: string;
  readonly groups?: readonly string[];
  /** The name of the cluster and of the context. */
  readonly clusterName: string;
}

/** A running API server. Disposing it ends all watches, then stops listening. */
export interface ApiServer extends AsyncDisposable {
  readonly port: number;
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** The certificate of the authority that signed the server's own and that signs clients'. */
  readonly caPem: string;
  /** The same API without HTTP, as system:masters. */
  readonly access: ApiAccess;
  /** A new key signs service account tokens from now on; see {@link SigningKeys.rotate}. */
  rotateSigningKeys(): Promise<void>;
  /** What the token issuer publishes. */
  readonly issuer: { openidConfiguration(): unknown; jwks(): Promise<unknown> };
  /** A kubeconfig (YAML) with a new client certificate; it holds the private key. */
  issueKubeconfig(request: KubeconfigRequest): Promise<string>;
  /** Checks a service account token; undefined when it is not accepted. `audiences` default to the API server's own. */
  authenticateToken(token: string, audiences?: readonly string[]): Promise<VerifiedToken | undefined>;
}

const DEFAULT_VERSION = 'v1.34.1';
/** How long a connection may be idle, as kube-apiserver's: Node's 5 s make clients that pause shake hands again and again. */
const IDLE_TIMEOUT_MS = 90_000;
const SERVER_NAMES = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  'localhost',
];

/** Starts the API server over what the store holds; it answers once it listens. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { clock, random, log, issuerUrl, streams, faults } = options;
  const store = storeSection(options.store, 'apiserver/');
  const storage = openObjectStorage({ store });
  const kinds = createKindRegistry(storage);
  removeWithDefinitions(storage);
  const api = { storage, kinds, clock, random, log };
  const [ca, keys] = await Promise.all([
    loadClusterAuthority(store, { clock: machineTime(clock), random }),
    openSigningKeys(store, clock),
  ]);
  const tokens = createServiceAccountTokens({ storage, keys, clock, random, issuerUrl });
  const access = createApiAccess({ context: api, tokens });
  seedCluster(api);

  const stack = createDisposeStack();
  const stopping = new AbortController();
  const serving: ServeContext = {
    api,
    tokens,
    authorizer: createAuthorizer(storage),
    streams: typeof streams === 'function' ? streams : () => streams,
    kubernetesVersion: options.kubernetesVersion ?? DEFAULT_VERSION,
    stopping: stopping.signal,
    faults: createRequestFaults({ faults, clock, stopping: stopping.signal }),
  };
  const certificate = await ca.issueServer({ dnsNames: SERVER_NAMES, ipAddresses: ['127.0.0.1'] });
  const caPem = ca.pair.certPem;
  const server = stack.use(
    await listen(options.port, {
      listener: createRequestListener(serving),
      tls: {
        key: certificate.keyPem,
        cert: certificate.certPem,
        ca: caPem,
        requestCert: true,
        rejectUnauthorized: false,
      },
      prepare: (httpServer) => {
        httpServer.keepAliveTimeout = IDLE_TIMEOUT_MS;
        serving.faults.attach(httpServer);
        attachUpgrades(httpServer, serving);
      },
    }),
  );
  stack.defer(() => stopping.abort());

  publishApiServer(api, { address: '127.0.0.1', port: server.port });
  const url = `https://127.0.0.1:${server.port}`;
  return {
    port: server.port,
    url,
    caPem,
    access,
    rotateSigningKeys: () => keys.rotate(),
    issuer: { openidConfiguration: () => tokens.openidConfiguration(), jwks: () => tokens.jwks() },
    authenticateToken: (token, audiences) => tokens.verify(token, audiences),
    issueKubeconfig: async ({ user, groups = [], clusterName }) => {
      const pair = await ca.issueClient({ commonName: user, organizations: groups });
      return renderKubeconfig({ url, caPem, user, clusterName, keyPem: pair.keyPem, certPem: pair.certPem });
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** Listens on the preferred port, on any when that is taken. */
async function listen(port: number | undefined, options: HttpServerOptions): Promise<HttpServer> {
  if (port === undefined) return startHttpServer(options);
  try {
    return await startHttpServer({ ...options, port });
  } catch (error) {
    if (!(error instanceof KeyferryError) || error.code !== 'failed-precondition') throw error;
    return startHttpServer(options);
  }
}

interface KubeconfigParts {
  readonly url: string;
  readonly caPem: string;
  readonly user: string;
  readonly clusterName: string;
  readonly keyPem: string;
  readonly certPem: string;
}

function renderKubeconfig({ url, caPem, user, clusterName, keyPem, certPem }: KubeconfigParts): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  return renderYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: clusterName, cluster: { server: url, 'certificate-authority-data': base64(caPem) } }],
    users: [{ name: user, user: { 'client-certificate-data': base64(certPem), 'client-key-data': base64(keyPem) } }],
    contexts: [{ name: clusterName, context: { cluster: clusterName, user } }],
    'current-context': clusterName,
  });
}
