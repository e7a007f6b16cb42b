import { X509Certificate } from 'node:crypto';
import type { Args } from '../args.ts';
import type { OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError } from '../errors.ts';
import { isObject, objectsAt, textAt, type JsonObject } from '../json.ts';
import { flag, text } from '../options.ts';
import { CREDENTIAL_WARNING } from './graph-objects.ts';

/** Options of `credential reset`. */
export const resetOptions: readonly OptionSpec[] = [
  flag('append', '--append', 'Keep the secrets that are there.'),
  text('displayName', '--display-name', 'A name for the new secret.'),
  { key: 'years', names: ['--years'], kind: 'integer', help: 'How many years it is valid. Default: 1.' },
  text('endDate', '--end-date', 'Until when it is valid, instead of --years.'),
];

/** Until when a new credential is valid, and from when: now. */
export function validity(context: CommandContext, args: Args): { readonly start: string; readonly end: string } {
  const [years, endDate] = [args.integer('years'), args.optional('endDate')];
  if (years !== undefined && endDate !== undefined) throw new AzError('error', 'usage error: --years | --end-date');
  const start = new Date(context.io.clock.now());
  const end = endDate === undefined ? new Date(start) : new Date(endDate);
  if (endDate === undefined) end.setUTCFullYear(end.getUTCFullYear() + (years ?? 1));
  if (Number.isNaN(end.getTime())) throw new AzError('error', `'${endDate}' is not a date`);
  return { start: graphTime(start), end: graphTime(end) };
}

/** Adds a secret to an application or service principal (`path` names it) and answers its text. */
export async function addPassword(
  context: CommandContext,
  path: string,
  displayName: string | undefined,
  { start, end }: { readonly start: string; readonly end: string },
): Promise<string> {
  const graph = await context.graph();
  const made = await graph.post(`${path}/addPassword`, {
    passwordCredential: { displayName: displayName ?? null, startDateTime: start, endDateTime: end },
  });
  return textAt(made, 'secretText') ?? '';
}

/** Removes every secret of an application or service principal. */
export async function removePasswords(context: CommandContext, path: string, object: JsonObject): Promise<void> {
  const graph = await context.graph();
  for (const credential of objectsAt(object, 'passwordCredentials')) {
    await graph.post(`${path}/removePassword`, { keyId: credential['keyId'] ?? null });
  }
}

/** `credential reset`: removes the secrets, unless they are kept, and prints a new one. */
export async function resetCredential(context: CommandContext, args: Args, path: string): Promise<JsonObject> {
  const graph = await context.graph();
  const object = await graph.get(path);
  if (!args.flag('append')) await removePasswords(context, path, object);
  const password = await addPassword(context, path, args.optional('displayName'), validity(context, args));
  context.warn(CREDENTIAL_WARNING);
  const { tenantId } = await context.account();
  return { appId: object['appId'] ?? null, password, tenant: tenantId };
}

/** The key credential of a certificate in PEM text: valid as long as asked for, and no longer than the certificate. */
export function keyCredential(
  pem: string,
  { start, end }: { readonly start: string; readonly end: string },
  keyId: string,
): JsonObject {
  const body = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/.exec(pem)?.[1] ?? pem;
  const key = body.replaceAll(/\s/g, '');
  const { validFrom, validTo } = readCertificate(key);
  const [from, to] = [graphTime(new Date(validFrom)), graphTime(new Date(validTo))];
  return {
    startDateTime: from > start ? from : start,
    endDateTime: to < end ? to : end,
    displayName: null,
    key,
    keyId,
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
  };
}

/** The list of secrets, or of certificates, of an application or service principal. */
export function credentialsOf(object: JsonObject, certificates: boolean): readonly JsonObject[] {
  const list = object[certificates ? 'keyCredentials' : 'passwordCredentials'];
  return Array.isArray(list) ? list.filter((item) => isObject(item)) : [];
}

function readCertificate(der: string): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(der, 'base64'));
  } catch (error) {
    throw new AzError('error', 'Invalid certificate, please use a valid PEM file.', { cause: error });
  }
}

/** A time as Graph takes it: UTC, in seconds. */
function graphTime(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, 'Z');
}
