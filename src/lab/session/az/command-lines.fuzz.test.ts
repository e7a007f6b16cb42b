// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, constantFrom, oneof, tuple, type Arbitrary } from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#base';
import { expectQuick, fuzz } from '../../../base/testing/fuzz.ts';
import { hostileJson, hostileText, textOfPieces } from '../../../base/testing/hostile.ts';
import { captureAz } from './capture.ts';
import { parseSettings } from './config-file.ts';
import { AzError } from './errors.ts';
import { expandFiles } from './expand-files.ts';
import type { Json } from './json.ts';
import { parseArguments } from './parse.ts';
import { compileQuery } from './query.ts';
import { findTarget } from './tree.ts';

const home = mkdtempSync(join(tmpdir(), 'keyferry-fuzz-az-'));
writeFileSync(join(home, 'file'), 'content\n');
afterAll(() => rmSync(home, { recursive: true, force: true }));

const WORDS = [
  'az',
  'group',
  'keyvault',
  'secret',
  'set',
  'show',
  'list',
  'create',
  '-g',
  '-n',
  '--name',
  '--name=',
  '--vault-name',
  '--value',
  '--output',
  '-o',
  'tsv',
  'json',
  '--query',
  '[].id',
  '--',
  '-',
  '-h',
  '--help',
  '@-',
  '@file',
  '--tags',
  'a=b',
  '',
  '--yes',
  '-y',
  '--subscription',
  '__proto__',
  'help',
];
const word: Arbitrary<string> = oneof({ arbitrary: constantFrom(...WORDS), weight: 6 }, hostileText(8));

/** What az's parser says no to; anything else that is thrown is a defect. */
async function usage<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AzError) return undefined;
    throw error;
  }
}

describe('a command line of az', () => {
  fuzz(
    'is a command with its values, or refused in words',
    array(word, { maxLength: 9 }),
    { inputs: 460, seed: 771 },
    async (words) => {
      const target = await usage(() => findTarget(words));
      if (target?.kind !== 'command') return;
      const args = await usage(() => parseArguments(target.command, target.rest));
      if (args !== undefined) expect(typeof args.flag('help')).toBe('boolean');
    },
  );

  fuzz(
    'that nobody can answer ends with 1, 2 or 3, and never with a stack',
    array(word, { maxLength: 6 }),
    { inputs: 20, seed: 772 },
    async (words) => {
      const line = words.map((each) => `'${each.replaceAll("'", '')}'`).join(' ');
      const { code, stderr } = await captureAz(line, {
        env: { HOME: home, HTTPS_PROXY: 'http://127.0.0.1:9' },
        clock: systemClock,
        random: systemRandom,
      });
      expect([0, 1, 2, 3]).toContain(code);
      expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
    },
  );

  fuzz(
    'has files put in for @, and nothing else',
    array(oneof(constantFrom('@file', '--x=@file', '@', '@@file', 'a@file'), hostileText(10)), { maxLength: 4 }),
    { inputs: 50, seed: 773 },
    async (words) => {
      const io = { env: { HOME: home }, readStdin: () => Promise.resolve('in') };
      const expanded = await expandFiles(words, io as never);
      expect(expanded).toHaveLength(words.length);
      words.forEach((each, at) => {
        if (!/^(-[^=]*=)?@/.test(each)) expect(expanded[at]).toBe(each);
      });
    },
  );
});

describe('a --query', () => {
  fuzz(
    'gives JSON of any answer, or is refused',
    tuple(
      oneof(
        textOfPieces(
          [
            '[',
            ']',
            '*',
            '.',
            'a',
            'b',
            '?',
            '@',
            '|',
            '==',
            '`1`',
            "'x'",
            '{',
            ':',
            '}',
            '&',
            '(',
            ')',
            'length',
            'sort_by',
            ',',
            '__proto__',
            'constructor',
          ],
          10,
        ),
        hostileText(10),
      ),
      hostileJson(['a', 'b']),
    ),
    {
      inputs: 500,
      seed: 774,
      examples: [
        ['hasOwnProperty', {}],
        ['{a: constructor, b: [toString]}', {}],
      ],
    },
    async ([query, answer]) => {
      const compiled = await usage(() => compileQuery(query));
      const result = compiled === undefined ? null : ((await usage(() => compiled(answer as Json))) ?? null);
      expect(typeof result).not.toBe('function');
      expect(JSON.stringify(result)).toBeDefined();
    },
  );

  it('of hostile size is refused quickly', async () => {
    for (const query of ['['.repeat(20_000), 'a.'.repeat(20_000), '('.repeat(20_000), '!'.repeat(20_000)]) {
      expect(await expectQuick(() => usage(() => compileQuery(query)))).toBeUndefined();
    }
  });
});

describe('the settings of az', () => {
  fuzz(
    'are sections of texts, whatever the file holds',
    textOfPieces(['[core]', '\n', 'output', '=', ' ', ':', '#', ';', '[', ']', '__proto__', 'tsv', '\r\n'], 20),
    { inputs: 340, seed: 775 },
    (text) => {
      for (const [, section] of parseSettings(text))
        for (const [name, value] of section) expect(`${typeof name} ${typeof value}`).toBe('string string');
    },
  );

  it('of hostile size are read in linear time', async () => {
    for (const text of [
      `a${' '.repeat(200_000)}b`,
      `a=${' '.repeat(200_000)}b`,
      `[${'a'.repeat(500_000)}`,
      `x${' x'.repeat(100_000)}`,
    ]) {
      expect((await expectQuick(() => parseSettings(text))).size).toBeLessThanOrEqual(1);
    }
  });
});
