import { describe, expect, it } from 'vitest';
import type { Issue } from '#base';
import { createObjectsParser } from './objects-memo.ts';
import { parseObjects } from './object-spec.ts';

const textOf = (...names: string[]) =>
  ['array:', ...names.map((name) => `  - |\n    objectName: ${name}\n    objectType: secret`)].join('\n');

describe('a parser that remembers', () => {
  it('answers what the parser answers, again and again, and parses once', () => {
    const parse = createObjectsParser();
    const first = parse(textOf('a', 'b'), []);
    expect(first).toEqual(parseObjects(textOf('a', 'b'), []));
    expect(parse(textOf('a', 'b'), [])).toBe(first);
    expect(parse(textOf('a'), [])).toEqual(parseObjects(textOf('a'), []));
  });

  it.each([
    ['an issue', textOf('not a name')],
    ['a field that nobody reads', `${textOf('a')}\n    objectAlais: x`],
  ])('tells %s each time', (_what, text) => {
    const parse = createObjectsParser();
    const told = () => {
      const issues: Issue[] = [];
      const ignored: never[] = [];
      parse(text, issues, ignored);
      return issues.length + ignored.length;
    };
    expect([told(), told(), told()]).toEqual([1, 1, 1]);
  });

  it('forgets what it parsed first, in the end, and keeps no long text', () => {
    const parse = createObjectsParser();
    const first = parse(textOf('first'), []);
    for (let index = 0; index < 64; index += 1) parse(textOf(`n${index}`), []);
    expect(parse(textOf('first'), [])).not.toBe(first);
    const long = textOf(...Array.from({ length: 400 }, (_, index) => `n${index}`));
    expect(parse(long, [])).not.toBe(parse(long, []));
  });
});
