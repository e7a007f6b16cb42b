import { describe, expect, it } from 'vitest';
import type { Issue } from '#base';
import { readObjectEntries } from './object-entries.ts';

function issuesOf(text: string): Issue[] {
  const issues: Issue[] = [];
  readObjectEntries(text, issues);
  return issues;
}

/** A text of two entries, the second of which has `lines`; its first line is the fourth of the whole. */
const second = (...lines: readonly string[]) =>
  ['array:', '  - |', '    objectName: one', '  - |', ...lines.map((line) => `    ${line}`), ''].join('\n');

describe('YAML that is malformed', () => {
  it.each([
    ['a field that is indented too far', second('objectName: two', ' objectType: key'), 6, 'it is indented more than'],
    ['a colon that is missing', second('objectName two', 'objectType: key'), 5, 'a colon and a value are missing'],
    ['a colon too many', second('objectName: two: three'), 5, 'has to stand in quotes'],
    ['a quote that is never closed', second('objectType: key', 'objectName: "two', 'x: y'), 6, 'missing closing'],
    ['a field that is there twice', second('objectName: two', 'objectName: three'), 6, 'the field is given twice'],
    ['a reserved character', second('objectName: @two'), 5, 'reserved character @'],
    ['a tab that indents', second('objectName: two', '\tobjectType: key'), 6, 'a tab cannot indent, use spaces'],
  ])('in an entry is told with the line of the whole text: %s', (_what, text, line, words) => {
    const lineText = text.split('\n')[line - 1]?.trim() ?? '';
    const found = issuesOf(text);
    expect(found).toMatchObject([
      { path: 'spec.parameters.objects[1]', line, message: expect.stringContaining(words) },
    ]);
    expect(found[0]?.message).toMatch(/^unmarshal failed for keyVaultObjects at index 1, error: /);
    expect(found[0]?.message).toContain(JSON.stringify(lineText));
  });

  it.each([
    ['an entry whose second line stands too far left', 'array:\n  - objectName: one\n   objectType: key\n', 3],
    ['a block whose second line stands too far left', 'array:\n  - |\n    objectName: one\n  objectType: key\n', 4],
    ['a tab that indents', 'array:\n  - |\n    objectName: one\n\tobjectType: key\n', 4],
    ['a list that is never closed', 'array: [a\nb: c\n', 2],
    ['two documents', 'array:\n  - a: b\n---\narray: []\n', 3],
  ])('around the entries is told with its line: %s', (_what, text, line) => {
    expect(issuesOf(text)).toMatchObject([
      {
        path: 'spec.parameters.objects',
        line,
        message: expect.stringContaining('failed to yaml unmarshal objects, error:'),
      },
    ]);
  });

  it('names a tab where one indents, which nobody sees', () => {
    expect(issuesOf('array:\n  - |\n    objectName: one\n\tobjectType: key\n')[0]?.message).toContain(
      'a tab cannot indent',
    );
  });

  it('is told by a short piece of a long line', () => {
    const { message = '' } = issuesOf(second(`objectName: @${'x'.repeat(5000)}`))[0] ?? {};
    expect(message.length).toBeLessThan(300);
  });
});

describe('a text that holds no entries', () => {
  it.each([
    ['- objectName: one', 'expected a map with the key array, found a list: begin the text with a line "array:"'],
    ['just words', 'expected a map with the key array: begin the text with a line "array:"'],
    ['array: {objectName: one}', 'array is no list: begin each entry with "- "'],
    ['array: one', 'array is no list: begin each entry with "- "'],
    ['array: []', 'array needs at least one entry'],
    ['arry:\n  - objectName: one', 'expected a map with the key array, not "arry"'],
    ['nothing: like it', 'expected a map with the key array: begin the text with a line "array:"'],
  ])('is told what is missing in it: %j', (text, words) => {
    expect(issuesOf(text)).toMatchObject([
      {
        path: 'spec.parameters.objects',
        message: expect.stringContaining(`failed to yaml unmarshal objects, error: ${words}`),
      },
    ]);
  });
});

describe('a text that is too large', () => {
  const entries = (count: number) => `array:\n${'  - objectName: one\n'.repeat(count)}`;

  it('has more than 1000 entries', () => {
    const issues: Issue[] = [];
    expect(readObjectEntries(entries(1000), issues)).toHaveLength(1000);
    expect(issues).toEqual([]);
    expect(issuesOf(entries(1001))).toEqual([
      { path: 'spec.parameters.objects', message: 'has 1001 entries, more than 1000' },
    ]);
  });

  it('has more than a class can hold', () => {
    const most = `array:\n  - objectName: one\n#${'x'.repeat(1024 * 1024)}`;
    expect(issuesOf(most.slice(0, 1024 * 1024))).toEqual([]);
    expect(issuesOf(most)[0]?.message).toMatch(/error: has 10486\d\d characters, more than 1048576$/);
  });

  it('has an entry that no file’s path needs, or one nested without end', () => {
    expect(issuesOf(second(`objectName: ${'x'.repeat(17_000)}`))).toMatchObject([
      { path: 'spec.parameters.objects[1]', line: 4, message: expect.stringMatching(/has 17\d\d\d characters/) },
    ]);
    expect(issuesOf(second(`a: ${'['.repeat(50)}${']'.repeat(50)}`))[0]?.message).toContain('nested more than');
  });
});

describe('a secret that a person put into a class', () => {
  it.each([
    ['in a field that there is not', second('objectName: two', ' password: "hunter2'), 'password: …'],
    [
      'in a text of several lines',
      second('objectName: "two', 'hunter2: hunter2', 'objectType: key'),
      'objectName: \\"two',
    ],
    ['as a tag', second('objectName: two', 'value: !hunter2 x'), ''],
    ['as an alias', second('value: *hunter2'), ''],
    ['where a block begins', second('objectName: two', 'value: |hunter2'), 'value: …'],
    ['alone on a line', second('objectName: two', 'hunter2 hunter2', 'objectType: key'), '…'],
    ['behind a bracket', second('objectName: two', '] hunter2'), '…'],
    ['before all', 'hunter2 hunter2\narray: []\n', '…'],
  ])('is in no message: %s', (_where, text, shown) => {
    const messages = issuesOf(text)
      .map(({ message }) => message)
      .join();
    expect(messages).not.toContain('hunter2');
    expect(messages).toContain(shown);
  });
});

describe('the lines of entries and their fields', () => {
  const linesOf = (text: string, field: string) =>
    readObjectEntries(text, []).map((entry) => [entry.line, entry.lineOf(field)]);

  it.each([
    [
      'texts',
      second('objectAlias: x', 'objectName: two'),
      [
        [2, 3],
        [4, 6],
      ],
    ],
    ['texts that begin with an empty line', 'array:\n  - |\n\n    objectName: one\n', [[2, 4]]],
    ['maps', 'array:\n  - objectType: key\n    objectName: one\n', [[2, 3]]],
    ['maps in one line', '{"array": [\n{"objectName": "one"}]}', [[2, 2]]],
    ['texts in quotes, whose lines are no lines', 'array:\n  - "objectType: key\\nobjectName: one"\n', [[2, 2]]],
    [
      'aliases, by what they stand for',
      'array:\n  - &a\n    objectName: one\n  - *a\n',
      [
        [3, 3],
        [3, 3],
      ],
    ],
  ])('are those of the whole text: %s', (_what, text, expected) => {
    expect(linesOf(text, 'objectName')).toEqual(expected);
  });

  it('of a field that is not there are those of its entry', () => {
    expect(linesOf(second('objectName: two'), 'objectType')).toEqual([
      [2, 2],
      [4, 4],
    ]);
  });
});
