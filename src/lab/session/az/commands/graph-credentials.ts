import { X509Certificate } from 'node:crypto';
import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError } from '../errors.ts';
import { isObject, objectsAt, textAt, type JsonObject } from '../json.ts';
import { flag, text } from '../options.ts';
import { CREDENTIAL_WARNING, plainGraphFailure } from './graph-objects.ts';

/** A sort of object that has credentials, as its commands see it. */
export interface CredentialOwners {
  /** `ad app` or `ad sp`. */
  readonly group: string;
  /** `an application`, for the summaries. */
  readonly what: string;
  readonly collection: '/applications' | '/servicePrincipals';
  /** The option `--id`. */
  readonly idOption: OptionSpec;
  readonly objectId: (context: CommandContext, identifier: string) => Promise<string>;
}

/** `credential reset` and `credential list`. */
export function credentialCommands(owners: CredentialOwners): readonly CommandSpec[] {
  const { group, what, idOption } = owners;
  const pathOf = async (context: CommandContext, args: Args) =>
    `${owners.collection}/${await owners.objectId(context, args.text('id')).catch(plainGraphFailure)}`;
  return [
    {
      path: `${group} credential reset`,
      summary: `Give ${what} a new secret, and take the old ones away.`,
      options: [idOption, ...resetOptions],
      example: `${group} credential reset --id CLIENT_ID`,
      run: async (context, args) => {
        const path = await pathOf(context, args);
        return resetCredential(context, args, path).catch(plainGraphFailure);
      },
    },
    {
      path: `${group} credential list`,
      summary: `List the secrets of ${what}, without their texts.`,
      options: [idOption, flag('certificates', '--cert', 'The certificates instead.')],
      example: `${group} credential list --id CLIENT_ID`,
      run: async (context, args) => {
        const path = await pathOf(context, args);
        const object = await (await context.graph()).get(path).catch(plainGraphFailure);
        return credentialsOf(object, args.flag('certificates'));
      },
    },
  ];
}

const resetOptions: readonly OptionSpec[] = [
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

async function resetCredential(context: CommandContext, args: Args, path: string): Promise<JsonObject> {
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

function credentialsOf(object: JsonObject, certificates: boolean): readonly JsonObject[] {
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
