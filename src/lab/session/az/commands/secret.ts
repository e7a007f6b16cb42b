import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import { usageError } from '../errors.ts';
import { boolean, tags, text } from '../options.ts';
import { plainFailure, shapeDeleted, shapeListed, shapeSecret } from './secret-shape.ts';
import { encodingOption, valueOf } from './secret-value.ts';
import {
  mostResults,
  secretOptions,
  secretPlace,
  SOFT_DELETE_PAGE,
  vaultOptions,
  vaultPlace,
  versionOption,
} from './vault-lookup.ts';

const timeOptions: readonly OptionSpec[] = [
  text('expires', '--expires', 'When it expires: UTC, for example 2027-01-31T00:00:00Z.'),
  text('notBefore', '--not-before', 'When it becomes valid: UTC.'),
];

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
      encodingOption,
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
      ...vaultOptions,
      boolean('includeManaged', '--include-managed', 'Also those that belong to certificates.'),
      mostResults,
    ],
    example: 'keyvault secret list --vault-name demo-vault --output table',
    columns: listColumns,
    run: async (context, args) => {
      const data = await context.vaultData();
      const all = await data.list(vaultPlace(args), '/secrets');
      const shown = all.filter((item) => args.flag('includeManaged') || item['managed'] !== true);
      return shown.slice(0, args.integer('most')).map(shapeListed);
    },
  },
  {
    path: 'keyvault secret list-versions',
    summary: 'List the versions of a secret, without their values.',
    options: [...secretOptions, mostResults],
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
      return shapeDeleted(deleted);
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
