import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import { AzError, usageError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { boolean, tags, text } from '../options.ts';
import { jwkOfPem, publicKeyFile } from './key-files.ts';
import { shapeKey, shapeListedKey } from './key-shape.ts';
import { managedToo, objectCommands, plainFailure } from './object-commands.ts';
import { checkNothingThere, readNamedFile, writePublicFile } from './object-file.ts';
import { timeOptions, timesOf } from './object-options.ts';
import { objectOptions, objectPlace, versionOption, versionPlace } from './vault-lookup.ts';

const keyOptions = objectOptions('key');

const operations: OptionSpec = {
  key: 'operations',
  names: ['--ops'],
  kind: 'list',
  help: 'What it may be used for, separated by spaces.',
  choices: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey', 'import', 'export'],
};

/** What `create` and `import` share. */
const newKeyOptions: readonly OptionSpec[] = [
  text('protection', ['--protection', '-p'], 'Whether it is kept in hardware.', { choices: ['hsm', 'software'] }),
  boolean('disabled', '--disabled', 'Create it disabled.'),
  operations,
  ...timeOptions,
  tags,
];

const PLACE_EXAMPLE = '--vault-name demo-vault --name demo-key';

/** `az keyvault key …`. */
export const keyCommands: readonly CommandSpec[] = [
  ...objectCommands({
    noun: 'key',
    shape: shapeKey,
    shapeListed: shapeListedKey,
    list: { summary: 'List the keys of a vault.', ...managedToo },
  }),
  {
    path: 'keyvault key create',
    summary: 'Create a key, or a new version of it.',
    options: [
      ...keyOptions,
      text('type', '--kty', 'The type. Default: EC with --curve, else RSA.', {
        choices: ['EC', 'EC-HSM', 'RSA', 'RSA-HSM', 'oct', 'oct-HSM'],
      }),
      { key: 'size', names: ['--size'], kind: 'integer', help: 'Bits of an RSA key: 2048, 3072 or 4096.' },
      text('curve', '--curve', 'The curve of an EC key.', { choices: ['P-256', 'P-256K', 'P-384', 'P-521'] }),
      ...newKeyOptions,
    ],
    example: `keyvault key create ${PLACE_EXAMPLE} --kty RSA --size 2048`,
    run: async (context, args) => {
      const place = objectPlace(args, 'key');
      const data = await context.vaultData();
      const body = {
        kty: typeOf(args),
        key_size: args.integer('size'),
        crv: args.optional('curve'),
        ...commonBody(args),
        key_ops: args.list('operations'),
      };
      return shapeKey(await data.send('POST', place.vaultUrl, `/keys/${place.name}/create`, body).catch(plainFailure));
    },
  },
  {
    path: 'keyvault key import',
    summary: 'Import a private key from PEM.',
    options: [
      ...keyOptions,
      text('pemFile', '--pem-file', 'A file with the private key in PEM.'),
      text('pemString', '--pem-string', 'The private key in PEM.'),
      text('password', '--pem-password', 'The password of the PEM.'),
      ...newKeyOptions,
    ],
    example: `keyvault key import ${PLACE_EXAMPLE} --pem-file key.pem`,
    run: async (context, args) => {
      const place = objectPlace(args, 'key');
      const [file, given, password] = [args.optional('pemFile'), args.optional('pemString'), args.optional('password')];
      if ((file === undefined) === (given === undefined)) {
        throw usageError('supply exactly one: --byok-file, --byok-string, --pem-file, --pem-string');
      }
      const pem = given ?? (await readNamedFile(file ?? '')).toString();
      const body = {
        Hsm: args.optional('protection') === 'hsm',
        key: { ...jwkOfPem(pem, password), key_ops: args.list('operations') },
        ...commonBody(args),
      };
      const data = await context.vaultData();
      return shapeKey(await data.send('PUT', place.vaultUrl, `/keys/${place.name}`, body).catch(plainFailure));
    },
  },
  {
    path: 'keyvault key show',
    summary: 'Show the public part of a key.',
    options: [...keyOptions, versionOption],
    example: `keyvault key show ${PLACE_EXAMPLE} --query key`,
    run: async (context, args) => {
      const { vaultUrl, path } = versionPlace(args, 'key');
      return shapeKey(await (await context.vaultData()).send('GET', vaultUrl, path));
    },
  },
  {
    path: 'keyvault key set-attributes',
    summary: 'Change what is known about a key, not the key.',
    options: [
      ...keyOptions,
      versionOption,
      boolean('enabled', '--enabled', 'Whether it can be used.'),
      operations,
      ...timeOptions,
      tags,
    ],
    example: `keyvault key set-attributes ${PLACE_EXAMPLE} --enabled false`,
    run: async (context, args) => {
      const { vaultUrl, path } = versionPlace(args, 'key');
      const change = {
        key_ops: args.list('operations'),
        attributes: { enabled: args.boolean('enabled'), ...timesOf(args) },
        tags: args.tags('tags'),
      };
      const data = await context.vaultData();
      return shapeKey(await data.send('PATCH', vaultUrl, path, change).catch(plainFailure));
    },
  },
  {
    path: 'keyvault key rotate',
    summary: 'Make a new version of a key, of the same type.',
    options: keyOptions,
    example: `keyvault key rotate ${PLACE_EXAMPLE}`,
    run: async (context, args) => {
      const place = objectPlace(args, 'key');
      const data = await context.vaultData();
      return shapeKey(await data.send('POST', place.vaultUrl, `/keys/${place.name}/rotate`).catch(plainFailure));
    },
  },
  {
    path: 'keyvault key download',
    summary: 'Write the public part of a key to a file.',
    options: [
      ...keyOptions,
      versionOption,
      text('file', ['--file', '-f'], 'The file, which must not be there yet.', { required: true }),
      text('encoding', ['--encoding', '-e'], 'The form of the file.', { choices: ['DER', 'PEM'], fallback: 'PEM' }),
    ],
    example: `keyvault key download ${PLACE_EXAMPLE} --file key.pem`,
    run: async (context, args) => {
      const { vaultUrl, path } = versionPlace(args, 'key');
      await checkNothingThere(args.text('file'));
      const data = await context.vaultData();
      const key = await data.send('GET', vaultUrl, path).catch(plainFailure);
      await writePublicFile(args.text('file'), publicKeyFile(key, args.text('encoding')));
      return undefined;
    },
  },
];

function typeOf(args: Args): string {
  const type = args.optional('type') ?? (args.optional('curve') === undefined ? 'RSA' : 'EC');
  const inHardware = type.endsWith('-HSM');
  const protection = args.optional('protection');
  if (protection === 'software' && inHardware) {
    throw new AzError('error', `The key type ${type} is invalid for software protected keys. Omit --protection`);
  }
  return protection === 'hsm' && !inHardware ? `${type}-HSM` : type;
}

function commonBody(args: Args): JsonObject {
  return {
    attributes: { enabled: args.boolean('disabled') !== true, ...timesOf(args) },
    tags: args.tags('tags'),
  };
}
