import { X509Certificate } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import type { Clock } from '#base';
import { machineTime } from '#lab/clock';
import { cloudOfLoginHost } from '../azure-clouds.ts';
import type { CertificateCredential, Tenant } from '../directory.ts';
import { AadstsError } from './aadsts.ts';
import { checkTimes, type AssertionClaims } from './assertion.ts';

/** The client that an assertion claims to be from, and the certificates that are registered for it. */
export interface CertificateClient {
  readonly clientId: string;
  readonly certificates: readonly CertificateCredential[];
}

/** What checking assertions needs. */
export interface CertificateAssertionDeps {
  readonly clock: Clock;
  readonly tenant: Tenant;
}

const DOCUMENTATION = 'https://learn.microsoft.com/entra/identity-platform/certificate-credentials';
const AUDIENCE_PATHS = ['', '/v2.0', '/oauth2/token', '/oauth2/v2.0/token'];

/**
 * Checks an assertion that a client signed with a certificate of its own: a registered certificate with the thumbprint
 * of the header, within its time; then the signature, the audience (the tenant) and the assertion's times. The chain in
 * `x5c` is not looked at: the lab's applications trust no certificate by its subject.
 */
export async function verifyCertificateAssertion(
  deps: CertificateAssertionDeps,
  client: CertificateClient,
  assertion: string,
  claims: AssertionClaims,
): Promise<void> {
  const { clientId } = client;
  if (![claims.issuer, claims.subject].every((id) => id.toLowerCase() === clientId.toLowerCase())) {
    throw new AadstsError(
      700021,
      `Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at ` +
        `${DOCUMENTATION} .`,
    );
  }
  const nowMs = deps.clock.now();
  const certificate = findCertificate(client, claims);
  if (nowMs < certificate.startsAtMs || nowMs >= certificate.expiresAtMs) {
    throw new AadstsError(1000502, 'The provided certificate is not within its specified validity window.');
  }
  await verifySignature(clientId, certificate, assertion);
  if (claims.audiences.length !== 1 || !isTenantAudience(claims.audiences[0] ?? '', deps.tenant)) {
    throw new AadstsError(
      700023,
      `Client assertion audience claim does not match Realm issuer. Review the documentation at ${DOCUMENTATION} .`,
    );
  }
  // A client made it by its own clock.
  checkTimes(claims, machineTime(deps.clock).now());
}

function findCertificate({ clientId, certificates }: CertificateClient, claims: AssertionClaims) {
  const thumbprint = thumbprintOf(claims);
  if (thumbprint === undefined) {
    throw new AadstsError(
      5002723,
      'Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId are specified in ' +
        'token header.',
    );
  }
  const found = certificates.find(({ sha1, sha256 }) => sha1 === thumbprint || sha256 === thumbprint);
  if (found !== undefined) return found;
  throw new AadstsError(
    700027,
    'The certificate with identifier used to sign the client assertion is not registered on application. [Reason - ' +
      `The key was not found., Thumbprint of key used by client: '${thumbprint.toUpperCase()}', ${seeKeys(clientId)}].`,
  );
}

/** In hex, lower case. Older clients send it as hex in `kid`, newer ones in base64url as `x5t` or `x5t#S256`. */
function thumbprintOf({ x5tS256, x5t, kid }: AssertionClaims): string | undefined {
  const encoded = x5tS256 ?? x5t;
  if (encoded !== undefined) return Buffer.from(encoded, 'base64url').toString('hex');
  if (kid === undefined) return undefined;
  return /^[0-9a-f]{40}$/i.test(kid) ? kid.toLowerCase() : Buffer.from(kid, 'base64url').toString('hex');
}

async function verifySignature(clientId: string, certificate: CertificateCredential, assertion: string): Promise<void> {
  const { publicKey } = new X509Certificate(Buffer.from(certificate.certificate, 'base64'));
  try {
    await compactVerify(assertion, publicKey, { algorithms: ['RS256', 'PS256'] });
  } catch (error) {
    if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error;
    throw new AadstsError(
      700027,
      'Client assertion contains an invalid signature. [Reason - The provided signature value did not match the ' +
        `expected signature value., Thumbprint of key used by client: '${certificate.sha1.toUpperCase()}', Found key ` +
        `'Start=${usTime(certificate.startsAtMs)}, End=${usTime(certificate.expiresAtMs)}', ${seeKeys(clientId)}].`,
    );
  }
}

function seeKeys(clientId: string): string {
  return (
    'Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id ' +
    `'${clientId}'. Review the documentation at https://docs.microsoft.com/en-us/graph/deployments to determine the ` +
    'corresponding service endpoint and ' +
    'https://docs.microsoft.com/en-us/graph/api/application-get?view=graph-rest-1.0&tabs=http to build a query request ' +
    `URL, such as 'https://graph.microsoft.com/beta/applications/${clientId}'`
  );
}

/** As .NET writes it: `02/07/2021 17:00:39`. */
function usTime(ms: number): string {
  const [date = '', time = ''] = new Date(ms).toISOString().slice(0, 19).split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return `${month}/${day}/${year} ${time}`;
}

/** An address of the tenant at a sign-in host: its token endpoints, or its issuer. */
function isTenantAudience(audience: string, tenant: Tenant): boolean {
  if (!URL.canParse(audience)) return false;
  const { protocol, hostname, pathname } = new URL(audience);
  const [, name = '', ...rest] = pathname.replace(/\/$/, '').toLowerCase().split('/');
  const path = rest.length === 0 ? '' : `/${rest.join('/')}`;
  const isTenant = name === tenant.tenantId.toLowerCase() || name === tenant.defaultDomain.toLowerCase();
  return protocol === 'https:' && cloudOfLoginHost(hostname) !== undefined && isTenant && AUDIENCE_PATHS.includes(path);
}
