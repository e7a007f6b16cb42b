// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { integer } from 'fast-check';
import { parse, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { expectQuick, fuzz } from './testing/fuzz.ts';
import { hostileJson, mutatedText, textOfPieces } from './testing/hostile.ts';
import { yamlProblem } from './yaml-limits.ts';

const MANY = 40_000;

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('the limits of a YAML text', () => {
  fuzz(
    'are met by every text of an ordinary value, in block style and in flow style',
    hostileJson(),
    { inputs: 70, seed: 611 },
    (value) => {
      expect(yamlProblem(stringify(value))).toBeUndefined();
      expect(yamlProblem(JSON.stringify(value))).toBeUndefined();
    },
  );

  fuzz('count levels as they are in the value', integer({ min: 1, max: 60 }), { inputs: 20, seed: 612 }, (depth) => {
    const value = Array.from({ length: depth }).reduce<unknown>((inner) => ({ a: [inner] }), 1);
    for (const text of [stringify(value), JSON.stringify(value)]) {
      expect(depthOf(parse(text))).toBe(2 * depth);
      expect(yamlProblem(text, { maxDepth: 2 * depth })).toBeUndefined();
      expect(yamlProblem(text, { maxDepth: 2 * depth - 1 })).toContain('nested more than');
    }
  });

  fuzz(
    'can be asked of any text, and what is within them can be parsed or is refused by an error of its own',
    mutatedText(['a: [1, {b: &x c}]\nd: *x\n', '- |\n  text\n- >-\n  folded\n', '%YAML 1.2\n---\n? a\n: b\n...\n']),
    { inputs: 140, seed: 613 },
    parseWithin,
  );

  fuzz(
    'can be asked of any row of marks',
    textOfPieces(
      [
        '[',
        ']',
        '{',
        '}',
        '- ',
        '? ',
        ': ',
        ', ',
        '&a ',
        '*a',
        '!t ',
        '|',
        '>',
        '\n',
        '  ',
        '"',
        "'",
        '#',
        '---\n',
        'x',
      ],
      40,
    ),
    { inputs: 140, seed: 614 },
    parseWithin,
  );

  it.each([
    ['lists in flow style', '['.repeat(MANY)],
    ['maps in flow style', '{a: '.repeat(MANY)],
    ['lists in block style', '- '.repeat(MANY)],
    ['keys that are maps', '? '.repeat(MANY)],
    ['nested items', Array.from({ length: 1000 }, (_, at) => `${' '.repeat(at)}-\n`).join('')],
    ['a map of many keys', Array.from({ length: MANY }, (_, at) => `k${at}: 1\n`).join('')],
    ['many tags', '!a '.repeat(MANY)],
    ['many tags in a list', `- ${'!a '.repeat(MANY)}`],
    ['many anchors of a value', `a: ${'&a '.repeat(MANY)}b`],
  ])('refuse %s in linear time', async (_what, text) => {
    expect(await expectQuick(() => yamlProblem(text))).toBeDefined();
  });
});

function parseWithin(text: string): void {
  if (yamlProblem(text) !== undefined) return;
  try {
    parse(text, { maxAliasCount: 100, logLevel: 'silent' });
  } catch (error) {
    // A stack that ends is what the limits are there for.
    expect((error as Error).name).not.toBe('RangeError');
  }
}
