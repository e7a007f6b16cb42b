import { readFile, stat, writeFile } from 'node:fs/promises';
import type { CommandSpec, OptionSpec } from '../command.ts';
import { AzError } from '../errors.ts';
import { textAt, type JsonObject } from '../json.ts';
import { flag, text } from '../options.ts';
import { plainFailure, shapeSecret } from './secret-shape.ts';
import { decodeToFile, encodingOption } from './secret-value.ts';
import { secretOptions, secretPlace, vaultUrl, versionOption } from './vault-lookup.ts';

const fileOption: OptionSpec = text('file', ['--file', '-f'], 'The file.', { required: true });

const PLACE_EXAMPLE = '--vault-name demo-vault --name demo-secret';

/** `az keyvault secret …` between a vault and files. */
export const secretFileCommands: readonly CommandSpec[] = [
  {
    path: 'keyvault secret download',
    summary: 'Write the value of a secret to a file.',
    options: [
      ...secretOptions,
      versionOption,
      fileOption,
      encodingOption,
      flag('overwrite', '--overwrite', 'Replace the file.'),
    ],
    example: `keyvault secret download ${PLACE_EXAMPLE} --file value.txt`,
    run: async (context, args) => {
      const file = args.text('file');
      const found = await stat(file).catch(() => undefined);
      if (found?.isDirectory() === true) throw new AzError('error', `Cannot write to '${file}': it is a directory.`);
      if (found?.isFile() === true && !args.flag('overwrite')) {
        throw new AzError('error', `File '${file}' already exists. Use --overwrite to overwrite the existing file.`);
      }
      const place = secretPlace(args);
      const version = args.optional('version') ?? place.version ?? '';
      const data = await context.vaultData();
      const secret = await data.send('GET', place.vaultUrl, `/secrets/${place.name}/${version}`).catch(plainFailure);
      const encoding = args.optional('encoding') ?? encodingOf(secret);
      await writeTo(file, decodeToFile(textAt(secret, 'value') ?? '', encoding));
      return undefined;
    },
  },
  {
    path: 'keyvault secret backup',
    summary: 'Write all versions of a secret to a file that only Key Vault can read.',
    options: [...secretOptions, fileOption],
    example: `keyvault secret backup ${PLACE_EXAMPLE} --file demo-secret.backup`,
    run: async (context, args) => {
      const place = secretPlace(args);
      const data = await context.vaultData();
      const backup = await data.send('POST', place.vaultUrl, `/secrets/${place.name}/backup`).catch(plainFailure);
      await writeTo(args.text('file'), Buffer.from(textAt(backup, 'value') ?? '', 'base64url'));
      return undefined;
    },
  },
  {
    path: 'keyvault secret restore',
    summary: 'Bring a secret back from a backup, with all its versions.',
    options: [text('vaultName', '--vault-name', 'Name of the vault.', { required: true }), fileOption],
    example: 'keyvault secret restore --vault-name demo-vault --file demo-secret.backup',
    run: async (context, args) => {
      const file = args.text('file');
      const backup = await readFile(file).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT')
          throw new AzError('error', `cannot read ${file}: ${error.message}`, { cause: error });
        throw new AzError('error', `[Errno 2] No such file or directory: '${file}'`, { cause: error });
      });
      const data = await context.vaultData();
      const value = backup.toString('base64url');
      return shapeSecret(
        await data.send('POST', vaultUrl(args.text('vaultName')), '/secrets/restore', { value }).catch(plainFailure),
      );
    },
  },
];

/** The encoding that `secret set` noted. */
function encodingOf(secret: JsonObject): string {
  const tags = secret['tags'];
  const noted =
    typeof tags === 'object' && tags !== null && 'file-encoding' in tags ? tags['file-encoding'] : undefined;
  return typeof noted === 'string' ? noted : 'utf-8';
}

async function writeTo(file: string, bytes: Buffer): Promise<void> {
  // The real az leaves the mode to the umask; a secret's file is for its owner alone.
  await writeFile(file, bytes, { mode: 0o600 }).catch((error: unknown) => {
    throw new AzError('error', `cannot write ${file}: ${(error as Error).message}`, { cause: error });
  });
}
