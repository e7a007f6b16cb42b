import { silentLog } from '#base';
import { createMemoryStore } from '#lab/store';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../../../base/testing/index.ts';
import {
  bearer,
  createFakeAudit,
  createFakeTokens,
  SUBSCRIPTION_ID,
  TENANT_ID,
  USER,
  type FakeAudit,
  type FakeToken,
} from '../../rest/testing/index.ts';
import { createVaultService, type RoleCheck, type VaultRecord, type VaultService } from '../index.ts';

/** The audience of a token for Key Vault. */
export const AUDIENCE = 'https://vault.azure.net';

/** The object id of somebody who is not the signed-in user. */
export const OTHER_ID = '44444444-4444-4444-4444-444444444444';

/** The token of a pod, which has that id. */
export const POD: FakeToken = {
  aud: AUDIENCE,
  oid: OTHER_ID,
  appid: '55555555-5555-5555-5555-555555555555',
  user: false,
};

/** A version of a secret. */
export const VERSION = /^[0-9a-f]{32}$/;

/** The vault `Kv1`, in which the signed-in user may do everything by an access policy. */
export const baseVault: VaultRecord = {
  name: 'Kv1',
  armId: `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/Rg/providers/Microsoft.KeyVault/vaults/Kv1`,
  tenantId: TENANT_ID,
  location: 'eastus',
  sku: 'standard',
  rbac: false,
  accessPolicies: [
    {
      tenantId: TENANT_ID,
      objectId: USER.objectId,
      permissions: { keys: ['all'], secrets: ['all'], certificates: ['all'] },
    },
  ],
  softDeleteRetentionDays: 90,
  purgeProtection: false,
  network: { publicAccess: 'Enabled', denyByDefault: false, allowedRanges: [] },
};

/** A Key Vault service with the vault of {@link baseVault}. */
export interface VaultScene {
  readonly clock: FakeClock;
  readonly audit: FakeAudit;
  /** The vaults by lower-case name; a test may put others. */
  readonly vaults: Map<string, VaultRecord>;
  readonly service: VaultService;
  /** What roles give; nothing until a test says otherwise. */
  roles: RoleCheck;
  /** What `send` sent last. */
  lastRequest: Request;
  /** A request, as the signed-in user with api-version 7.4 unless told; the body is parsed. */
  send(method: string, path: string, sent?: Sent): Promise<Answer>;
  setSecret(name: string, value: string, more?: object): Promise<Answer>;
  /** What somebody without any permission is told of a request: by access policies, then by roles. */
  refusals(method: string, path: string): Promise<{ readonly byPolicy: string; readonly byRole: string }>;
}

interface Sent {
  /** Null: no token. */
  readonly token?: FakeToken | null;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly host?: string;
}

/** What came back. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- what the bodies hold is what the tests assert
  readonly body: any;
}

/** A {@link VaultScene} on a clock that stands at the beginning of 2026. */
export function createVaultScene(): VaultScene {
  const clock = createFakeClock(Date.UTC(2026, 0, 1));
  const audit = createFakeAudit();
  const vaults = new Map([['kv1', baseVault]]);
  const service = createVaultService({
    store: createMemoryStore(),
    clock,
    random: createFakeRandom(),
    log: silentLog,
    tokens: createFakeTokens(),
    audit,
    vaults: { find: (name) => vaults.get(name.toLowerCase()) },
    roles: (...asked) => scene.roles(...asked),
  });
  const scene: VaultScene = {
    clock,
    audit,
    vaults,
    service,
    roles: () => ({ grant: undefined, others: [] }),
    lastRequest: new Request('https://nothing-was-sent.invalid'),
    async send(method, path, { token = { aud: AUDIENCE }, body, headers = {}, host = 'kv1.vault.azure.net' } = {}) {
      const hasVersion = path.includes('api-version') || path.includes('%2Dversion');
      const version = hasVersion ? '' : `${path.includes('?') ? '&' : '?'}api-version=7.4`;
      scene.lastRequest = new Request(`https://${host}${path}${version}`, {
        method,
        headers: { ...headers, ...(token === null ? {} : { authorization: bearer(token) }) },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const response = await service.fetch(scene.lastRequest);
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
    },
    setSecret: (name, value, more = {}) => scene.send('PUT', `/secrets/${name}`, { body: { value, ...more } }),
    async refusals(method, path) {
      const byPolicy = await scene.send(method, path, { token: POD });
      vaults.set('kv1', { ...baseVault, rbac: true });
      const byRole = await scene.send(method, path, { token: POD });
      return { byPolicy: byPolicy.body.error.message, byRole: byRole.body.error.message };
    },
  };
  return scene;
}
