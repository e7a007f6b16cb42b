import type { Application, Principal, Directory } from '../../directory.ts';
import { createGroups } from '../../groups.ts';
import type { ClusterHost, ClusterSpec } from '../../clusters.ts';
import type { AccessToken, AuditFacts, AuditLog, TokenRefusal, TokenVerifier } from '../../service.ts';

/** The tenant of the fakes. */
export const TENANT_ID = '11111111-1111-1111-1111-111111111111';
/** The subscription of the fakes. */
export const SUBSCRIPTION_ID = '22222222-2222-2222-2222-222222222222';

/** The user of {@link createFakeDirectory}. */
export const USER: Principal = {
  type: 'User',
  objectId: '33333333-3333-3333-3333-333333333333',
  displayName: 'Lab User',
  userPrincipalName: 'user@lab.example',
  secrets: [],
  federatedCredentials: [],
};

/** A directory that forgets everything. */
export function createFakeDirectory(): Directory {
  const principals = new Map<string, Principal>([[USER.objectId, USER]]);
  const applications = new Map<string, Application>();
  return {
    tenant: { tenantId: TENANT_ID, displayName: 'Lab', defaultDomain: 'lab.example' },
    subscription: { subscriptionId: SUBSCRIPTION_ID, displayName: 'Lab subscription' },
    user: USER,
    principals: () => [...principals.values()],
    byClientId: (clientId) => [...principals.values()].find((p) => p.clientId === clientId),
    byObjectId: (objectId) => principals.get(objectId),
    put: (principal) => void principals.set(principal.objectId, principal),
    remove: (objectId) => void principals.delete(objectId),
    applications: () => [...applications.values()],
    applicationByObjectId: (objectId) => applications.get(objectId),
    applicationByClientId: (clientId) => [...applications.values()].find((each) => each.clientId === clientId),
    putApplication: (application) => void applications.set(application.objectId, application),
    removeApplication: (objectId) => void applications.delete(objectId),
    ...createGroups([], () => undefined),
  };
}

/** What {@link createFakeTokens} reads out of `Bearer <JSON>`. */
export interface FakeToken {
  readonly aud: string;
  readonly oid?: string;
  readonly appid?: string;
  readonly tid?: string;
  readonly user?: boolean;
  /** The groups that its principal is in. */
  readonly groups?: readonly string[];
  readonly armId?: string;
  /** The token is refused for this reason. */
  readonly refusal?: TokenRefusal;
  readonly found?: string;
}

/** The Authorization header of a fake token. */
export function bearer(token: FakeToken): string {
  return `Bearer ${JSON.stringify(token)}`;
}

/** A verifier that believes what the token says of itself, and compares the audience. */
export function createFakeTokens(): TokenVerifier {
  return {
    verify: (authorization, audiences) => {
      if (authorization === undefined) return Promise.resolve({ ok: false, refusal: 'missing' });
      const token = JSON.parse(authorization.slice('Bearer '.length)) as FakeToken;
      if (token.refusal !== undefined) {
        const { refusal, found } = token;
        return Promise.resolve({ ok: false, refusal, ...(found === undefined ? {} : { found }) });
      }
      if (!audiences.includes(token.aud)) {
        return Promise.resolve({ ok: false, refusal: 'audience', found: token.aud });
      }
      const tenantId = token.tid ?? TENANT_ID;
      const verified: AccessToken = {
        audience: token.aud,
        issuer: `https://sts.windows.net/${tenantId}/`,
        tenantId,
        objectId: token.oid ?? USER.objectId,
        clientId: token.appid ?? '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
        identityType: token.user === false ? 'app' : 'user',
        ...(token.groups === undefined ? {} : { groupIds: token.groups }),
        ...(token.armId === undefined ? {} : { managedIdentityArmId: token.armId }),
        expiresAtMs: Number.MAX_SAFE_INTEGER,
      };
      return Promise.resolve({ ok: true, token: verified });
    },
  };
}

/** An audit log that keeps the facts of each request for a test to read. */
export interface FakeAudit extends AuditLog {
  facts(request: Request): AuditFacts;
}

/** An empty {@link FakeAudit}. */
export function createFakeAudit(): FakeAudit {
  const noted = new Map<Request, AuditFacts>();
  const facts = (request: Request) => noted.get(request) ?? {};
  return {
    note: (request, more) => void noted.set(request, { ...facts(request), ...more }),
    facts,
    records: () => [],
    // oxlint-disable-next-line require-yield -- it has no records
    async *follow() {
      await Promise.resolve();
    },
  };
}

/** A cluster host that starts clusters when the test lets it. */
export interface FakeClusters extends ClusterHost {
  readonly running: Map<string, ClusterSpec>;
  /** The ARM ids of the clusters whose signing keys were rotated, in order. */
  readonly rotated: string[];
  /** What the next `apply` does; default: succeed at once. */
  onApply: (spec: ClusterSpec) => Promise<void>;
}

/** A {@link FakeClusters} without clusters. */
export function createFakeClusters(): FakeClusters {
  const running = new Map<string, ClusterSpec>();
  const rotated: string[] = [];
  const host: FakeClusters = {
    rotated,
    rotateSigningKeys: (armId) => {
      rotated.push(armId);
      return Promise.resolve();
    },
    running,
    onApply: () => Promise.resolve(),
    apply: async (spec) => {
      await host.onApply(spec);
      running.set(spec.armId.toLowerCase(), spec);
    },
    remove: (armId) => {
      running.delete(armId.toLowerCase());
      return Promise.resolve();
    },
    kubeconfig: (armId) => Promise.resolve(`kind: Config # ${armId}\n`),
    issuer: () => undefined,
  };
  return host;
}
