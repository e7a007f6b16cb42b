import type { JWTPayload } from 'jose';
import { silentLog, type Secret } from '#base';
import type { Store } from '#lab/store';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../../../base/testing/index.ts';
import { createAuditLog, type WritableAuditLog } from '../../audit-log.ts';
import { openDirectory, type LabDirectory } from '../../directory-store.ts';
import { openEntra, type Entra } from '../entra.ts';
import { createTestIssuer, newRsaKey, type TestIssuer } from './federation.ts';

/** The client id of the managed identity with a federated credential. */
export const CLIENT = 'b1a4c7de-0000-4000-8000-000000000001';

/** The client id of a managed identity without any credential. */
export const SECRETLESS_FREE = 'b1a4c7de-0000-4000-8000-000000000002';

/** What the federated credential names. */
export const ISSUER = 'https://eastus.oic.prod-aks.azure.com/tenant/guid/';
/** The subject that it names. */
export const SUBJECT = 'system:serviceaccount:default:workload';
/** The audience that it names. */
export const AUDIENCE = 'api://AzureADTokenExchange';

/** A key that the issuer does not publish. */
export const otherKey = newRsaKey();

const key = newRsaKey();
const MIRID = '/subscriptions/s/resourceGroups/Rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Id';

/** What came back from Entra ID. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

/** An Entra ID with an application, two managed identities, and an issuer that one of them trusts. */
export interface TokenScene {
  readonly clock: FakeClock;
  readonly directory: LabDirectory;
  readonly audit: WritableAuditLog;
  readonly entra: Entra;
  readonly issuer: TestIssuer;
  readonly tenantId: string;
  readonly app: { readonly clientId: string; readonly secret: string };
  /** The time in the claims of tokens. */
  nowSec(): number;
  /** The claims of a service account token that the federated credential accepts, but for what is told. */
  claims(more?: JWTPayload): JWTPayload;
  /** Something that the signed-in user was given earlier. */
  grant(kind: 'refresh' | 'device'): Secret<string>;
  assertionForm(assertion: string, more?: Record<string, string>): Record<string, string>;
  secretForm(more?: Record<string, string>): Record<string, string>;
  send(request: Request): Promise<Answer>;
  /** A form sent to the token endpoint of the tenant, or to another path. */
  post(
    form: Record<string, string>,
    path?: string,
    more?: { readonly host?: string; readonly authorization?: string },
  ): Promise<Answer>;
  /** A federated exchange of a token with these claims. */
  federated(change?: JWTPayload | ((claims: JWTPayload) => JWTPayload), more?: Record<string, string>): Promise<Answer>;
}

/** The form without a field. */
export function without(form: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([field]) => field !== name));
}

/** A {@link TokenScene} on `store`, which keeps the signing key between tests. */
export async function createTokenScene(store: Store): Promise<TokenScene> {
  const clock = createFakeClock();
  const random = createFakeRandom();
  const directory = openDirectory(store, random);
  const audit = createAuditLog({ clock });
  const issuer = await createTestIssuer(ISSUER, key);
  const entra = openEntra({ store, clock, random, log: silentLog, directory, audit, fetchJson: issuer.fetchJson });
  const { tenantId } = directory.tenant;
  const made = directory.createApplication({ displayName: 'app' });
  const app = { clientId: made.clientId, secret: made.secret.expose() };
  directory.put({
    type: 'ManagedIdentity',
    objectId: 'b1a4c7de-0000-4000-8000-0000000000aa',
    clientId: CLIENT,
    displayName: 'workload-identity',
    armId: MIRID,
    secrets: [],
    federatedCredentials: [{ name: 'fic', issuer: ISSUER, subject: SUBJECT, audiences: [AUDIENCE] }],
  });
  directory.put({
    type: 'ManagedIdentity',
    objectId: 'b1a4c7de-0000-4000-8000-0000000000bb',
    clientId: SECRETLESS_FREE,
    displayName: 'no-credentials',
    secrets: [],
    federatedCredentials: [],
  });
  const nowSec = () => Math.floor(clock.now() / 1000);
  const scene: TokenScene = {
    clock,
    directory,
    audit,
    entra,
    issuer,
    tenantId,
    app,
    nowSec,
    claims: (more = {}) => ({
      iss: ISSUER,
      sub: SUBJECT,
      aud: [AUDIENCE],
      iat: nowSec(),
      nbf: nowSec(),
      exp: nowSec() + 3600,
      ...more,
    }),
    grant: (kind) => entra.grants.issue(kind, { userObjectId: directory.user.objectId, scope: '' }),
    assertionForm: (assertion, more = {}) => ({
      grant_type: 'client_credentials',
      client_id: CLIENT,
      scope: 'https://vault.azure.net/.default',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      ...more,
    }),
    secretForm: (more = {}) => ({
      grant_type: 'client_credentials',
      client_id: app.clientId,
      client_secret: app.secret,
      scope: 'https://vault.azure.net/.default',
      ...more,
    }),
    async send(request) {
      const response = await entra.service.fetch(request);
      const body = (await response.json()) as Record<string, unknown>;
      return { status: response.status, headers: response.headers, body };
    },
    post(form, path = `/${tenantId}/oauth2/v2.0/token`, { host = 'login.microsoftonline.com', authorization } = {}) {
      const request = new Request(`https://${host}${path}`, { method: 'POST', body: new URLSearchParams(form) });
      if (authorization !== undefined) request.headers.set('authorization', authorization);
      return scene.send(request);
    },
    async federated(change = {}, more = {}) {
      const claimed = typeof change === 'function' ? change(scene.claims()) : scene.claims(change);
      return scene.post(scene.assertionForm(await issuer.sign(claimed), more));
    },
  };
  return scene;
}
