import { Secret, silentLog } from '#base';
import { TOKENS_ATTRIBUTE, type ProviderMountRequest } from '#providerapi';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../base/testing/index.ts';
import { createClusterKeys } from '../broker/cluster-keys.ts';
import { createAzureProvider, type AzureProvider, type AzureProviderOptions } from '../provider.ts';
import { createFakeAzure, type FakeAzure } from './fake-azure.ts';
import { createTestIssuer } from './test-issuer.ts';

/** A provider on an Azure in memory. */
export interface ProviderSetup {
  readonly clock: FakeClock;
  readonly azure: FakeAzure;
  readonly provider: AzureProvider;
}

/** Providers of a test, and requests of one pod whose token they take for proved. */
export interface ProviderTests {
  /** The pod's token. */
  readonly token: string;
  setUp(options?: Partial<AzureProviderOptions>): ProviderSetup;
  /** A mount of `objects` from the vault `KV-one`; `changes` are further attributes. */
  request(objects: string, changes?: Readonly<Record<string, string>>, signal?: AbortSignal): ProviderMountRequest;
}

/** {@link ProviderTests} with an issuer of its own. */
export async function createProviderTests(): Promise<ProviderTests> {
  const issuer = await createTestIssuer(createFakeClock());
  const token = await issuer.token();
  return {
    token,
    setUp(options = {}) {
      const clock = createFakeClock();
      const azure = createFakeAzure(clock);
      const provider = createAzureProvider({
        clock,
        random: createFakeRandom(),
        log: silentLog,
        azure: azure.clients,
        version: '1.2.3',
        clusterKeys: createClusterKeys({ clock, log: silentLog, fetchJwks: () => Promise.resolve(issuer.jwks()) }),
        ...options,
      });
      return { clock, azure, provider };
    },
    request: (objects, changes = {}, signal = new AbortController().signal) => ({
      attributes: {
        'csi.storage.k8s.io/pod.name': 'web-1',
        'csi.storage.k8s.io/pod.namespace': 'team',
        'csi.storage.k8s.io/serviceAccount.name': 'reader',
        [TOKENS_ATTRIBUTE]: JSON.stringify({ 'api://AzureADTokenExchange': { token } }),
        keyvaultName: 'KV-one',
        tenantID: 'tenant',
        clientID: 'client',
        objects,
        ...changes,
      },
      secrets: new Secret({}),
      targetPath: '/volume',
      permission: 0o644,
      currentVersions: new Map(),
      signal,
    }),
  };
}
