import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '#base';
import { secretDigest } from '../client-secret.ts';
import type {
  CertificateCredential,
  ClientSecretDigest,
  Directory,
  FederatedIdentityCredential,
  Principal,
  Tenant,
} from '../directory.ts';
import { AadstsError } from './aadsts.ts';
import { parseAssertion } from './assertion.ts';
import { verifyCertificateAssertion } from './certificate-assertion.ts';
import { describeCredentialMatch } from './credential-match.ts';
import { verifyFederatedAssertion } from './federated-assertion.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { isGuid } from './tenant-segment.ts';
import type { ClientCredential } from './token-request.ts';

/** What authenticating clients needs. */
export interface ClientAuthenticationDeps {
  readonly clock: Clock;
  readonly tenant: Tenant;
  readonly directory: Directory;
  readonly issuerKeys: IssuerKeys;
}

/** A client that can ask for tokens: its principal, and every credential of the principal and its application. */
export interface Client {
  readonly clientId: string;
  readonly principal: Principal;
  readonly secrets: readonly ClientSecretDigest[];
  readonly certificates: readonly CertificateCredential[];
  readonly federatedCredentials: readonly FederatedIdentityCredential[];
}

/** The client with this id. Throws AADSTS700038, 700016, 7000229 (an application alone) or 7000112 (disabled). */
export function findClient({ directory, tenant }: ClientAuthenticationDeps, clientId: string): Client {
  if (/^[0-]+$/.test(clientId)) throw new AadstsError(700038, `${clientId} is not a valid application identifier.`);
  const principal = directory.byClientId(clientId);
  const application = directory.applicationByClientId(clientId);
  if (principal === undefined && application === undefined) {
    throw new AadstsError(
      700016,
      `Application with identifier '${clientId}' was not found in the directory '${tenant.displayName}'. This can happen if ` +
        `the application has not been installed by the administrator of the tenant or consented to by any user in the ` +
        `tenant. You may have sent your authentication request to the wrong tenant.`,
    );
  }
  if (principal === undefined) {
    throw new AadstsError(
      7000229,
      `The client application ${clientId} is missing service principal in the tenant ${tenant.tenantId}. See ` +
        `instructions here: https://go.microsoft.com/fwlink/?linkid=2225119`,
    );
  }
  if (principal.enabled === false) {
    throw new AadstsError(7000112, `Application '${clientId}'(${principal.displayName}) is disabled.`);
  }
  return {
    clientId: principal.clientId ?? clientId,
    principal,
    secrets: [...(application?.secrets ?? []), ...principal.secrets],
    certificates: [...(application?.certificates ?? []), ...(principal.certificates ?? [])],
    federatedCredentials: [...(application?.federatedCredentials ?? []), ...principal.federatedCredentials],
  };
}

/**
 * Checks the credential of `client`, and tells `note` what an assertion claims. Throws the AADSTS error of the first
 * fault. An assertion whose issuer is an application id is the client's own, by certificate; any other is federated.
 */
export async function verifyClientCredential(
  deps: ClientAuthenticationDeps,
  client: Client,
  credential: ClientCredential,
  note: (details: Record<string, string>) => void,
): Promise<void> {
  if (credential.kind === 'secret') {
    verifySecret(client, credential.secret.expose(), deps.clock.now());
    return;
  }
  const assertion = credential.assertion.expose();
  const claims = parseAssertion(assertion);
  const isOwn = isGuid(claims.issuer);
  const details = {
    issuer: claims.issuer,
    subject: claims.subject,
    audience: claims.audiences.join(', '),
    ...(isOwn ? {} : describeCredentialMatch(client.federatedCredentials, claims)),
  };
  note(details);
  const verify = isOwn ? verifyCertificateAssertion : verifyFederatedAssertion;
  await verify(deps, client, assertion, claims).catch((error: unknown) => {
    // What Entra ID does not tell its clients, the lab tells its owner.
    if (error instanceof AadstsError && error.cause instanceof Error) note({ ...details, reason: error.cause.message });
    throw error;
  });
}

function verifySecret({ clientId, secrets }: Client, secret: string, nowMs: number): void {
  const digest = Buffer.from(secretDigest(secret), 'hex');
  const found = secrets.find(({ sha256 }) => {
    const kept = Buffer.from(sha256, 'hex');
    return kept.length === digest.length && timingSafeEqual(kept, digest);
  });
  if (found === undefined) {
    throw new AadstsError(
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the ` +
        `client secret ID, for a secret added to app '${clientId}'.`,
    );
  }
  if (found.expiresAtMs !== undefined && found.expiresAtMs <= nowMs) {
    throw new AadstsError(
      7000222,
      `The provided client secret keys for app '${clientId}' are expired. Visit the Azure portal to create new keys for ` +
        `your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: ` +
        `https://aka.ms/certCreds.`,
    );
  }
}
