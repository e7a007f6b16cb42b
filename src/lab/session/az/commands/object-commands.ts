import type { CommandSpec, OptionSpec } from '../command.ts';
import { AzError, AzHttpError } from '../errors.ts';
import { textAt, type JsonObject } from '../json.ts';
import { boolean, text } from '../options.ts';
import { isoSeconds } from '../shape.ts';
import { readNamedFile, writeOwnFile } from './object-file.ts';
import {
  mostResults,
  objectOptions,
  objectPlace,
  softDeleteWarning,
  vaultOptions,
  vaultPlace,
  vaultUrl,
  type ObjectNoun,
} from './vault-lookup.ts';

/** How az prints one kind of objects. */
export interface ObjectShapes {
  readonly noun: ObjectNoun;
  /** An object on its own, and one of a list. */
  readonly shape: (bundle: JsonObject) => JsonObject;
  readonly shapeListed: (item: JsonObject) => JsonObject;
  /** One of a list of deleted ones, where az prints it otherwise. */
  readonly shapeListedDeleted?: (item: JsonObject) => JsonObject;
  /** Its `list`: what az says of it, the option that shows more, of what, and columns of its own. */
  readonly list: Pick<CommandSpec, 'summary' | 'columns'> & {
    readonly more: OptionSpec;
    readonly isMore?: (item: JsonObject) => boolean;
  };
}

/** Of secrets and keys: those of certificates are listed only when they are asked for. */
export const managedToo = {
  more: boolean('includeManaged', '--include-managed', 'Also those that belong to certificates.'),
  isMore: (item: JsonObject) => item['managed'] === true,
};

const fileOption: OptionSpec = text('file', ['--file', '-f'], 'The file.', { required: true });

/** The commands that secrets, keys and certificates have alike: their lists, deleting and what comes of it, backups. */
export function objectCommands(shapes: ObjectShapes): readonly CommandSpec[] {
  const { noun, shape, shapeListed } = shapes;
  const { more, isMore = () => false, ...list } = shapes.list;
  const plural = `${noun}s`;
  const options = objectOptions(noun);
  const example = `--vault-name demo-vault --name demo-${noun}`;
  const shapeDeleted = (item: JsonObject) => ({ ...shape(item), ...deletionOf(item) });
  const shapeListedDeleted = (item: JsonObject) => ({
    ...(shapes.shapeListedDeleted ?? shapeListed)(item),
    ...deletionOf(item),
  });
  return [
    {
      ...list,
      path: `keyvault ${noun} list`,
      options: [...vaultOptions, more, mostResults],
      example: `keyvault ${noun} list --vault-name demo-vault --output table`,
      run: async (context, args) => {
        const data = await context.vaultData();
        const all = await data.list(vaultPlace(args), `/${plural}`);
        const shown = all.filter((item) => args.flag(more.key) || !isMore(item));
        return shown.slice(0, args.integer('most')).map(shapeListed);
      },
    },
    {
      path: `keyvault ${noun} list-versions`,
      summary: `List the versions of a ${noun}.`,
      options: [...options, mostResults],
      example: `keyvault ${noun} list-versions ${example} --output table`,
      run: async (context, args) => {
        const place = objectPlace(args, noun);
        const data = await context.vaultData();
        const versions = await data.list(place.vaultUrl, `/${plural}/${place.name}/versions`);
        return versions.slice(0, args.integer('most')).map(shapeListed);
      },
    },
    {
      path: `keyvault ${noun} delete`,
      summary: `Delete a ${noun} with all its versions. It can be recovered until its retention is over.`,
      options,
      example: `keyvault ${noun} delete ${example}`,
      run: async (context, args) => {
        const place = objectPlace(args, noun);
        context.warn(softDeleteWarning(noun));
        const data = await context.vaultData();
        return shapeDeleted(await data.send('DELETE', place.vaultUrl, `/${plural}/${place.name}`).catch(plainFailure));
      },
    },
    {
      path: `keyvault ${noun} list-deleted`,
      summary: `List the deleted ${plural} of a vault.`,
      options: [...vaultOptions, mostResults],
      example: `keyvault ${noun} list-deleted --vault-name demo-vault --output table`,
      run: async (context, args) => {
        const data = await context.vaultData();
        const deleted = await data.list(vaultPlace(args), `/deleted${plural}`).catch(plainFailure);
        return deleted.slice(0, args.integer('most')).map(shapeListedDeleted);
      },
    },
    {
      path: `keyvault ${noun} show-deleted`,
      summary: `Show a deleted ${noun}.`,
      options,
      example: `keyvault ${noun} show-deleted ${example}`,
      run: async (context, args) => {
        const place = objectPlace(args, noun);
        const data = await context.vaultData();
        const path = `/deleted${plural}/${place.name}`;
        return shapeDeleted(await data.send('GET', place.vaultUrl, path).catch(plainFailure));
      },
    },
    {
      path: `keyvault ${noun} recover`,
      summary: `Bring a deleted ${noun} back with all its versions.`,
      options,
      example: `keyvault ${noun} recover ${example}`,
      run: async (context, args) => {
        const place = objectPlace(args, noun);
        const data = await context.vaultData();
        const path = `/deleted${plural}/${place.name}/recover`;
        return shape(await data.send('POST', place.vaultUrl, path).catch(plainFailure));
      },
    },
    {
      path: `keyvault ${noun} purge`,
      summary: `Remove a deleted ${noun} for good.`,
      options,
      example: `keyvault ${noun} purge ${example}`,
      run: async (context, args) => {
        const place = objectPlace(args, noun);
        const data = await context.vaultData();
        await data.send('DELETE', place.vaultUrl, `/deleted${plural}/${place.name}`).catch(plainFailure);
        return undefined;
      },
    },
    {
      path: `keyvault ${noun} backup`,
      summary: `Write all versions of a ${noun} to a file that only Key Vault can read.`,
      options: [...options, fileOption],
      example: `keyvault ${noun} backup ${example} --file demo-${noun}.backup`,
      run: async (context, args) => {
        const place = objectPlace(args, noun);
        const data = await context.vaultData();
        const path = `/${plural}/${place.name}/backup`;
        const backup = await data.send('POST', place.vaultUrl, path).catch(plainFailure);
        await writeOwnFile(args.text('file'), Buffer.from(textAt(backup, 'value') ?? '', 'base64url'));
        return undefined;
      },
    },
    {
      path: `keyvault ${noun} restore`,
      summary: `Bring a ${noun} back from a backup, with all its versions.`,
      options: [text('vaultName', '--vault-name', 'Name of the vault.', { required: true }), fileOption],
      example: `keyvault ${noun} restore --vault-name demo-vault --file demo-${noun}.backup`,
      run: async (context, args) => {
        const value = (await readNamedFile(args.text('file'))).toString('base64url');
        const data = await context.vaultData();
        const url = vaultUrl(args.text('vaultName'));
        return shape(await data.send('POST', url, `/${plural}/restore`, { value }).catch(plainFailure));
      },
    },
  ];
}

/** What a deletion adds: when it was, when the object goes for good, and the id by which it is recovered. */
function deletionOf(item: JsonObject): JsonObject {
  return {
    deletedDate: isoSeconds(item['deletedDate']),
    recoveryId: item['recoveryId'] ?? null,
    scheduledPurgeDate: isoSeconds(item['scheduledPurgeDate']),
  };
}

/** az has exit code 3 for what a `show` does not find; its other commands of the data plane end with 1. */
export function plainFailure(error: unknown): never {
  if (error instanceof AzHttpError) throw new AzError('error', error.message, { cause: error });
  throw error;
}
