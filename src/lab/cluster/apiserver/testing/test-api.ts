import { createFakeClock, createFakeRandom, createMemoryLog, type FakeClock } from '../../../../base/testing/index.ts';
import { createMemoryStore, type Store } from '#lab/store';
import type { ApiAccess } from '../../api-access.ts';
import { createApiAccess } from '../access.ts';
import { createServiceAccountTokens, type ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import { openSigningKeys, type SigningKeys } from '../auth/signing-keys.ts';
import { seedCluster } from '../bootstrap.ts';
import { createKindRegistry } from '../kinds/kind-registry.ts';
import type { ApiContext, WriteOptions } from '../operations/context.ts';
import { removeWithDefinitions } from '../operations/definition-cleanup.ts';
import { openObjectStorage } from '../storage/object-storage.ts';

/** The API server without its HTTP side, on a clock that stands still. */
export interface TestApi {
  readonly context: ApiContext;
  readonly access: ApiAccess;
  readonly tokens: ServiceAccountTokens;
  readonly clock: FakeClock;
  /** Options of a write by `fieldManager`. */
  options(fieldManager: string, more?: Partial<WriteOptions>): WriteOptions;
}

/** The issuer of its tokens. */
export const TEST_ISSUER = 'https://issuer.example/tenant/';

let sharedKeys: Promise<SigningKeys> | undefined;

/** Opens a {@link TestApi} with a `default` service account in the namespace `default`. */
export async function createTestApi(store: Store = createMemoryStore(), historyLength?: number): Promise<TestApi> {
  const clock = createFakeClock();
  const random = createFakeRandom();
  // making RSA keys is slow, and no test depends on which ones they are
  sharedKeys ??= openSigningKeys(createMemoryStore(), clock);
  const storage = openObjectStorage({ store, ...(historyLength === undefined ? {} : { historyLength }) });
  const context = { storage, kinds: createKindRegistry(storage), clock, random, log: createMemoryLog() };
  const tokens = createServiceAccountTokens({
    storage,
    keys: await sharedKeys,
    clock,
    random,
    issuerUrl: TEST_ISSUER,
  });
  const access = createApiAccess({ context, tokens });
  removeWithDefinitions(storage);
  seedCluster(context);
  const accounts = { group: '', version: 'v1', resource: 'serviceaccounts' };
  if (context.storage.get(accounts, 'default', 'default') === undefined) {
    await access.create(accounts, 'default', { metadata: { name: 'default' } });
  }
  const user = { username: 'tester', groups: ['system:masters'] };
  return {
    context,
    access,
    tokens,
    clock,
    options: (fieldManager, more) => ({
      user,
      dryRun: false,
      fieldValidation: 'Strict',
      fieldManager,
      warnings: [],
      ...more,
    }),
  };
}
