import { readFile } from 'node:fs/promises';
import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import { AzError, AzHttpError, usageError } from '../errors.ts';
import { isObject, textAt, type JsonObject } from '../json.ts';
import { boolean, tags, text } from '../options.ts';
import { isoSeconds } from '../shape.ts';
import { secretOptions, secretPlace, SOFT_DELETE_PAGE, vaultUrl } from './vault-lookup.ts';

const timeOptions: readonly OptionSpec[] = [
  text('expires', '--expires', 'When it expires: UTC, for example 2027-01-31T00:00:00Z.'),
  text('notBefore', '--not-before', 'When it becomes valid: UTC.'),
];

const versionOption = text('version', ['--version', '-v'], 'The version. Default: the latest.');

const listColumns = [
  ['Name', 'name', 'blank'],
  ['Id', 'id', 'blank'],
  ['ContentType', 'contentType', 'blank'],
  ['Enabled', 'attributes.enabled', 'blank'],
  ['Expires', 'attributes.expires', 'blank'],
] as const;

const SOFT_DELETE_WARNING = `Warning! If you have soft-delete protection enabled on this key vault, this secret will be moved to the soft deleted state. You will not be able to create a secret with the same name within this key vault until the secret has been purged from the soft-deleted state. Please see the following documentation for additional guidance.\n${SOFT_DELETE_PAGE}`;

const PLACE_EXAMPLE = '--vault-name demo-vault --name demo-secret';

/** `az keyvault secret …`. */
export const secretCommands: readonly CommandSpec[] = [
  {
    path: 'keyvault secret set',
    summary: 'Create a secret, or a new version of it.',
    options: [
      ...requiredName(secretOptions),
      text('value', '--value', 'The value. Use --value or --file.'),
      text('file', ['--file', '-f'], 'A file that holds the value.'),
      text('encoding', ['--encoding', '-e'], 'How the file is read.', {
        choices: ['ascii', 'base64', 'hex', 'utf-16be', 'utf-16le', 'utf-8'],
      }),
      text('contentType', ['--content-type', '--description'], 'What the value is.'),
      boolean('disabled', '--disabled', 'Create it disabled.'),
      ...timeOptions,
      tags,
    ],
    example: `keyvault secret set ${PLACE_EXAMPLE} --value "Hello"`,
    run: async (context, args) => {
      const place = secretPlace(args);
      const { value, encoding } = await valueOf(args);
      const attributes = {
        enabled: args.boolean('disabled') === undefined ? undefined : !args.boolean('disabled'),
        ...timesOf(args),
      };
      const data = await context.vaultData();
      const bundle = await data.send('PUT', place.vaultUrl, `/secrets/${place.name}`, {
        value,
        tags: { 'file-encoding': encoding, ...args.tags('tags') },
        attributes,
        ...(args.optional('contentType') === undefined ? {} : { contentType: args.text('contentType') }),
      });
      return shapeSecret(bundle);
    },
  },
  {
    path: 'keyvault secret show',
    summary: 'Show a secret with its value.',
    options: [...secretOptions, versionOption],
    example: `keyvault secret show ${PLACE_EXAMPLE} --query value --output tsv`,
    run: async (context, args) => {
      const place = secretPlace(args);
      const version = args.optional('version') ?? place.version ?? '';
      // The slash at the end, with an empty version, is az's own.
      const data = await context.vaultData();
      return shapeSecret(await data.send('GET', place.vaultUrl, `/secrets/${place.name}/${version}`));
    },
  },
  {
    path: 'keyvault secret list',
    summary: 'List the secrets of a vault, without their values.',
    options: [
      text('vaultName', '--vault-name', 'Name of the vault.', { required: true }),
      boolean('includeManaged', '--include-managed', 'Also those that belong to certificates.'),
      { key: 'most', names: ['--maxresults'], kind: 'integer', help: 'At most so many.' },
    ],
    example: 'keyvault secret list --vault-name demo-vault --output table',
    columns: listColumns,
    run: async (context, args) => {
      const data = await context.vaultData();
      const all = await data.list(vaultUrl(args.text('vaultName')), '/secrets');
      const shown = all.filter((item) => args.flag('includeManaged') || item['managed'] !== true);
      return shown.slice(0, args.integer('most')).map(shapeListed);
    },
  },
  {
    path: 'keyvault secret list-versions',
    summary: 'List the versions of a secret, without their values.',
    options: [...secretOptions, { key: 'most', names: ['--maxresults'], kind: 'integer', help: 'At most so many.' }],
    example: `keyvault secret list-versions ${PLACE_EXAMPLE} --output table`,
    run: async (context, args) => {
      const place = secretPlace(args);
      const data = await context.vaultData();
      const versions = await data.list(place.vaultUrl, `/secrets/${place.name}/versions`);
      return versions.slice(0, args.integer('most')).map(shapeListed);
    },
  },
  {
    path: 'keyvault secret delete',
    summary: 'Delete a secret with all its versions. It can be recovered until its retention is over.',
    options: secretOptions,
    example: `keyvault secret delete ${PLACE_EXAMPLE}`,
    run: async (context, args) => {
      const place = secretPlace(args);
      context.warn(SOFT_DELETE_WARNING);
      const data = await context.vaultData();
      const deleted = await data.send('DELETE', place.vaultUrl, `/secrets/${place.name}`).catch(plainFailure);
      return {
        ...shapeSecret(deleted),
        deletedDate: isoSeconds(deleted['deletedDate']),
        recoveryId: deleted['recoveryId'] ?? null,
        scheduledPurgeDate: isoSeconds(deleted['scheduledPurgeDate']),
      };
    },
  },
  {
    path: 'keyvault secret set-attributes',
    summary: 'Change what is known about a secret, not its value.',
    options: [
      ...secretOptions,
      versionOption,
      boolean('enabled', '--enabled', 'Whether it can be read.'),
      text('contentType', '--content-type', 'What the value is.'),
      ...timeOptions,
      tags,
    ],
    example: `keyvault secret set-attributes ${PLACE_EXAMPLE} --enabled false`,
    run: async (context, args) => {
      const place = secretPlace(args);
      const version = args.optional('version') ?? place.version ?? '';
      const data = await context.vaultData();
      const change = {
        attributes: { enabled: args.boolean('enabled'), ...timesOf(args) },
        ...(args.tags('tags') === undefined ? {} : { tags: args.tags('tags') }),
        ...(args.optional('contentType') === undefined ? {} : { contentType: args.text('contentType') }),
      };
      const path = `/secrets/${place.name}/${version}`;
      return shapeSecret(await data.send('PATCH', place.vaultUrl, path, change).catch(plainFailure));
    },
  },
];

/** The same options where only the name can name the secret. */
function requiredName(options: readonly OptionSpec[]): readonly OptionSpec[] {
  return options.map((option) => (option.key === 'name' ? { ...option, required: true } : option));
}

/** az has exit code 3 for what a `show` does not find; its other commands of the data plane end with 1. */
function plainFailure(error: unknown): never {
  if (error instanceof AzHttpError) throw new AzError('error', error.message, { cause: error });
  throw error;
}

async function valueOf(args: Args): Promise<{ value: string; encoding: string }> {
  // az takes an empty value for one that was not given.
  const value = args.optional('value') || undefined;
  const file = args.optional('file') || undefined;
  if ((value === undefined) === (file === undefined)) {
    throw new AzError('error', 'incorrect usage: [Required] --value VALUE | --file PATH');
  }
  const encoding = args.optional('encoding') ?? 'utf-8';
  if (value !== undefined) return { value, encoding };
  const bytes = await readFile(file ?? '').catch((error: unknown) => {
    throw new AzError('error', `cannot read the file '${file}': ${(error as Error).message}`, { cause: error });
  });
  return { value: encodeFile(bytes, encoding), encoding };
}

/** A file's bytes as the text that az stores: base64 in Python's lines, hex, or the text itself. */
function encodeFile(bytes: Buffer, encoding: string): string {
  if (encoding === 'hex') return bytes.toString('hex');
  if (encoding === 'base64') return bytes.toString('base64').replace(/.{1,76}/g, '$&\n');
  const value = bytes.toString('utf8');
  if (encoding === 'ascii' && /[^\0-\x7F]/.test(value)) throw new AzError('error', `invalid encoding '${encoding}'`);
  return value;
}

function timesOf(args: Args): { exp?: number; nbf?: number } {
  const seconds = (key: string, spelling: string): number | undefined => {
    const given = args.optional(key);
    if (given === undefined) return undefined;
    if (!/^\d{4}-\d\d-\d\d/.test(given) || Number.isNaN(Date.parse(given))) {
      throw usageError(`argument ${spelling}: invalid datetime value: '${given}'`);
    }
    const zoned = /Z$|[+-]\d\d:?\d\d$/i.test(given) || !given.includes('T') ? given : `${given}Z`;
    return Math.floor(Date.parse(zoned) / 1000);
  };
  const exp = seconds('expires', '--expires');
  const nbf = seconds('notBefore', '--not-before');
  return { ...(exp === undefined ? {} : { exp }), ...(nbf === undefined ? {} : { nbf }) };
}

function shapeSecret(bundle: JsonObject): JsonObject {
  return { ...shapeListed(bundle), kid: bundle['kid'] ?? null, value: bundle['value'] ?? null };
}

function shapeListed(item: JsonObject): JsonObject {
  const attributes = isObject(item['attributes']) ? item['attributes'] : {};
  const id = textAt(item, 'id') ?? '';
  return {
    attributes: {
      created: isoSeconds(attributes['created']),
      enabled: attributes['enabled'] ?? null,
      expires: isoSeconds(attributes['exp']),
      notBefore: isoSeconds(attributes['nbf']),
      recoverableDays: attributes['recoverableDays'] ?? null,
      recoveryLevel: attributes['recoveryLevel'] ?? null,
      updated: isoSeconds(attributes['updated']),
    },
    contentType: item['contentType'] ?? null,
    id,
    managed: item['managed'] ?? null,
    name: id.split('/')[4] ?? null,
    tags: item['tags'] ?? null,
  };
}
