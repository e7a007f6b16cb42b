import type { CommandSpec } from '../command.ts';
import { boolean, tags, text } from '../options.ts';
import { managedToo, objectCommands, plainFailure } from './object-commands.ts';
import { shapeListed, shapeSecret } from './secret-shape.ts';
import { requiredName, timeOptions, timesOf } from './object-options.ts';
import { encodingOption, valueOf } from './secret-value.ts';
import { objectOptions, objectPlace, versionOption, versionPlace } from './vault-lookup.ts';

const listColumns = [
  ['Name', 'name', 'blank'],
  ['Id', 'id', 'blank'],
  ['ContentType', 'contentType', 'blank'],
  ['Enabled', 'attributes.enabled', 'blank'],
  ['Expires', 'attributes.expires', 'blank'],
] as const;

const secretOptions = objectOptions('secret');
const PLACE_EXAMPLE = '--vault-name demo-vault --name demo-secret';

/** `az keyvault secret …`. */
export const secretCommands: readonly CommandSpec[] = [
  ...objectCommands({
    noun: 'secret',
    shape: shapeSecret,
    shapeListed,
    list: { summary: 'List the secrets of a vault, without their values.', columns: listColumns, ...managedToo },
  }),
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
      const place = objectPlace(args, 'secret');
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
      const place = versionPlace(args, 'secret');
      const data = await context.vaultData();
      return shapeSecret(await data.send('GET', place.vaultUrl, place.path));
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
      const place = versionPlace(args, 'secret');
      const data = await context.vaultData();
      const change = {
        attributes: { enabled: args.boolean('enabled'), ...timesOf(args) },
        ...(args.tags('tags') === undefined ? {} : { tags: args.tags('tags') }),
        ...(args.optional('contentType') === undefined ? {} : { contentType: args.text('contentType') }),
      };
      return shapeSecret(await data.send('PATCH', place.vaultUrl, place.path, change).catch(plainFailure));
    },
  },
];
