import { createHash, X509Certificate } from 'node:crypto';
import { createClientSecret, type NewClientSecret } from '../client-secret.ts';
import type { CertificateCredential, ClientSecretDigest } from '../directory.ts';
import { AzureError } from '../rest/azure-error.ts';
import { isObject, objectOr, textOr, type JsonObject } from '../rest/request.ts';
import type { GraphContext } from './graph-call.ts';
import { badRequest } from './graph-errors.ts';

const DEFAULT_SECRET_YEARS = 2;

/** Makes the secret that the body of `addPassword` asks for; Graph chooses its text. Default: good for two years. */
export function createPassword({ clock, random }: GraphContext, body: JsonObject): NewClientSecret {
  const asked = objectOr(body['passwordCredential']);
  const startsAtMs = parseTime(asked['startDateTime'], 'startDateTime') ?? clock.now();
  const expiresAtMs = parseTime(asked['endDateTime'], 'endDateTime') ?? yearsLater(startsAtMs, DEFAULT_SECRET_YEARS);
  if (expiresAtMs <= startsAtMs) {
    throw badRequest('Credential end date must be greater than its start date.');
  }
  const { displayName } = asked;
  return createClientSecret(random, {
    ...(typeof displayName === 'string' ? { displayName } : {}),
    startsAtMs,
    expiresAtMs,
  });
}

/** The secrets without the one that the body of `removePassword` names. Throws 400 when there is none. */
export function withoutPassword(
  secrets: readonly ClientSecretDigest[],
  body: JsonObject,
): readonly ClientSecretDigest[] {
  const keyId = textOr(body['keyId'], '').toLowerCase();
  const others = secrets.filter((secret) => secret.keyId.toLowerCase() !== keyId);
  if (others.length === secrets.length) throw badRequest('No password credential found with keyId.');
  return others;
}

/** A secret as Graph shows it: everything but its text. */
export function renderPassword({ keyId, displayName, hint, startsAtMs, expiresAtMs }: ClientSecretDigest): JsonObject {
  return {
    customKeyIdentifier: null,
    displayName: displayName ?? null,
    endDateTime: expiresAtMs === undefined ? null : graphTime(expiresAtMs),
    hint: hint ?? null,
    keyId,
    secretText: null,
    startDateTime: startsAtMs === undefined ? null : graphTime(startsAtMs),
  };
}

/**
 * The certificates of a body's `keyCredentials`, which replaces all of them. One that is there already may come without
 * its `key`, as clients send back what they read. Throws 400 for what is no certificate or reaches beyond its times.
 */
export function parseCertificates(
  { random }: GraphContext,
  sent: unknown,
  before: readonly CertificateCredential[],
): readonly CertificateCredential[] {
  if (sent === null || sent === undefined) return [];
  if (!Array.isArray(sent)) throw badRequest("Invalid value specified for property 'keyCredentials'.");
  return sent.map((each: unknown) => {
    const entry = objectOr(each);
    const { keyId, key, displayName } = entry;
    const known = before.find((certificate) => certificate.keyId === keyId);
    if (typeof key !== 'string' || key === '') {
      if (known !== undefined) return known;
      throw badRequest("Invalid value specified for property 'key' of resource 'KeyCredential'.");
    }
    const certificate = readCertificate(key);
    const startsAtMs = parseTime(entry['startDateTime'], 'startDateTime') ?? Date.parse(certificate.validFrom);
    const expiresAtMs = parseTime(entry['endDateTime'], 'endDateTime') ?? Date.parse(certificate.validTo);
    if (startsAtMs < Date.parse(certificate.validFrom)) {
      throw new AzureError(400, 'KeyCredentialsInvalidStartDate', 'Key credential start date is invalid.');
    }
    if (expiresAtMs > Date.parse(certificate.validTo) || expiresAtMs <= startsAtMs) {
      throw new AzureError(400, 'KeyCredentialsInvalidEndDate', 'Key credential end date is invalid.');
    }
    const digest = (algorithm: string) => createHash(algorithm).update(certificate.raw).digest('hex');
    return {
      keyId: typeof keyId === 'string' && keyId !== '' ? keyId : random.uuid(),
      displayName: typeof displayName === 'string' ? displayName : certificate.subject,
      certificate: certificate.raw.toString('base64'),
      sha1: digest('sha1'),
      sha256: digest('sha256'),
      startsAtMs,
      expiresAtMs,
    };
  });
}

/** A certificate as Graph shows it; `key` only where it was asked for. */
export function renderCertificate(certificate: CertificateCredential): JsonObject {
  return {
    customKeyIdentifier: certificate.sha1.toUpperCase(),
    displayName: certificate.displayName,
    endDateTime: graphTime(certificate.expiresAtMs),
    key: null,
    keyId: certificate.keyId,
    startDateTime: graphTime(certificate.startsAtMs),
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
  };
}

/** Refuses secrets in a body: Graph makes them itself, in `addPassword`. Sent back unchanged ones are let be. */
export function refusePasswords(sent: unknown, before: readonly ClientSecretDigest[]): void {
  const known = new Set(before.map(({ keyId }) => keyId));
  const isKnown = (entry: unknown) => isObject(entry) && known.has(String(entry['keyId']));
  if (sent === undefined || sent === null || (Array.isArray(sent) && sent.every(isKnown))) return;
  throw badRequest('New password credentials must be generated with service actions.');
}

/** A time as Graph writes it: seconds, unless there is more. */
export function graphTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.000Z$/, 'Z');
}

function readCertificate(key: string): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(key, 'base64'));
  } catch {
    throw badRequest('Key value is invalid certificate.');
  }
}

function parseTime(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw badRequest(`Invalid value specified for property '${name}'.`);
  return ms;
}

function yearsLater(ms: number, years: number): number {
  const date = new Date(ms);
  date.setUTCFullYear(date.getUTCFullYear() + years);
  return date.getTime();
}
