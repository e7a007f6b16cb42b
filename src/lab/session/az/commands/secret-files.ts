import { stat } from 'node:fs/promises';
import type { CommandSpec, OptionSpec } from '../command.ts';
import { AzError } from '../errors.ts';
import { textAt, type JsonObject } from '../json.ts';
import { flag, text } from '../options.ts';
import { plainFailure } from './object-commands.ts';
import { writeOwnFile } from './object-file.ts';
import { decodeToFile, encodingOption } from './secret-value.ts';
import { objectOptions, objectPlace, versionOption } from './vault-lookup.ts';

const fileOption: OptionSpec = text('file', ['--file', '-f'], 'The file.', { required: true });

const PLACE_EXAMPLE = '--vault-name demo-vault --name demo-secret';

/** `az keyvault secret download`. */
export const secretFileCommands: readonly CommandSpec[] = [
  {
    path: 'keyvault secret download',
    summary: 'Write the value of a secret to a file.',
    options: [
      ...objectOptions('secret'),
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
      const place = objectPlace(args, 'secret');
      const version = args.optional('version') ?? place.version ?? '';
      const data = await context.vaultData();
      const secret = await data.send('GET', place.vaultUrl, `/secrets/${place.name}/${version}`).catch(plainFailure);
      const encoding = args.optional('encoding') ?? encodingOf(secret);
      await writeOwnFile(file, decodeToFile(textAt(secret, 'value') ?? '', encoding));
      return undefined;
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
