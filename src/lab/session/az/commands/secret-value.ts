import { readFile } from 'node:fs/promises';
import type { Args } from '../args.ts';
import { AzError } from '../errors.ts';
import type { OptionSpec } from '../command.ts';
import { text } from '../options.ts';

/** `--encoding`. */
export const encodingOption: OptionSpec = text('encoding', ['--encoding', '-e'], 'How the file is encoded.', {
  choices: ['ascii', 'base64', 'hex', 'utf-16be', 'utf-16le', 'utf-8'],
});

/** The value of `--value` or `--file`, and the encoding that az notes in a tag. */
export async function valueOf(args: Args): Promise<{ value: string; encoding: string }> {
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

/** What a secret's value is in a file: the bytes that base64 or hex stand for, else the text itself. */
export function decodeToFile(value: string, encoding: string): Buffer {
  return Buffer.from(value, encoding === 'base64' || encoding === 'hex' ? encoding : 'utf8');
}
