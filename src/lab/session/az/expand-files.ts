import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { homeOf, type AzIo } from './io.ts';

/**
 * Replaces `@file`, `--option=@file` and `@-` by what the file or standard input holds, without its line end. A word
 * whose file cannot be read stays as it is (knack's rule).
 */
export async function expandFiles(words: readonly string[], io: AzIo): Promise<string[]> {
  const expanded: string[] = [];
  for (const word of words) {
    const [, option = '', file] = /^((?:-[^=]*=)?)@([\s\S]+)$/.exec(word) ?? [];
    expanded.push(file === undefined ? word : `${option}${(await contentOf(file, io)) ?? `@${file}`}`);
  }
  return expanded;
}

async function contentOf(file: string, io: AzIo): Promise<string | undefined> {
  if (file === '-') return withoutLineEnd(await io.readStdin());
  try {
    const path = file.startsWith('~/') ? join(homeOf(io.env), file.slice(2)) : file;
    return withoutLineEnd(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function withoutLineEnd(text: string): string {
  return text.replace(/\n+$/, '');
}
