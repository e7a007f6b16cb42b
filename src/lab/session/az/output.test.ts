import { describe, expect, it } from 'vitest';
import type { Json } from './json.ts';
import { renderOutput } from './output.ts';
import type { OutputFormat } from './options.ts';
import { compileQuery, objectsWithin } from './query.ts';
import { renderTsv } from './tsv.ts';

const vault = {
  name: 'kv',
  id: '/subscriptions/s',
  type: 'T',
  location: 'eastus',
  properties: { a: 1 },
  tags: null,
  enabled: true,
  count: 3,
};

function render(value: Json, format: OutputFormat): Promise<string> {
  return renderOutput({ value, format, queried: false, madeByQuery: () => false, colour: false });
}

async function renderQuery(value: Json, expression: string, format: OutputFormat): Promise<string> {
  const own = objectsWithin(value);
  const found = (await compileQuery(expression))(value);
  return renderOutput({
    value: found,
    format,
    queried: true,
    madeByQuery: (object) => !own.has(object),
    colour: false,
  });
}

describe('json', () => {
  it('sorts keys, indents by two and keeps other alphabets', async () => {
    expect(await render({ b: [], a: { z: {}, y: 'é' }, c: null }, 'json')).toBe(
      '{\n  "a": {\n    "y": "é",\n    "z": {}\n  },\n  "b": [],\n  "c": null\n}\n',
    );
  });
});

// What knack's _TsvOutput does, case by case.
describe('tsv', () => {
  const cases: [what: string, value: Json, text: string][] = [
    ['a text as it is', 'a\\b', 'a\\b\n'],
    ['a number', 3, '3\n'],
    ['a boolean in lower case', true, 'true\n'],
    ['each item of a list on its own line', ['a', 'b'], 'a\nb\n'],
    ['null in a list as None', ['a', null], 'a\nNone\n'],
    ['nothing for the empty list', [], ''],
    ['an object as one row, keys sorted', { b: '2', a: '1' }, '1\t2\n'],
    ['nested objects empty, nested lists as their length', { a: { x: 1 }, b: [1, 2], c: 'c' }, '\t2\tc\n'],
    ['booleans and null in a row as Python prints them', { a: true, b: false, c: null }, 'True\tFalse\tNone\n'],
    ['a list of objects as rows', [{ a: '1' }, { a: '2' }], '1\n2\n'],
    [
      'a list of lists as rows',
      [
        ['a', 1],
        ['b', null],
      ],
      'a\t1\nb\tNone\n',
    ],
  ];
  it.each(cases)('writes %s', (_what, value, text) => {
    expect(renderTsv(value, () => false)).toBe(text);
  });

  it('keeps the order of keys that a query chose', async () => {
    expect(await renderQuery([vault], '[].{name:name, count:count}', 'tsv')).toBe('kv\t3\n');
  });

  it('sorts the keys of an object that a query only picked out', async () => {
    expect(await renderQuery({ a: { z: '1', b: '2' } }, 'a', 'tsv')).toBe('2\t1\n');
  });
});

describe('table', () => {
  it('has a header in title case, dashes at least two wider than it, and two spaces between columns', async () => {
    expect(await render([vault, { ...vault, name: 'a-longer-name', extra: 'x' }], 'table')).toBe(
      [
        'Count    Enabled    Location    Name           Extra',
        '-------  ---------  ----------  -------------  -------',
        '3        True       eastus      kv',
        '3        True       eastus      a-longer-name  x',
        '',
      ].join('\n'),
    );
  });

  it('numbers the columns of lists', async () => {
    expect(await renderQuery([vault], '[].[name, location]', 'table')).toBe(
      'Column1    Column2\n---------  ---------\nkv         eastus\n',
    );
  });

  it('keeps the order of keys that a query chose, and leaves id out only under that name', async () => {
    expect(await renderQuery([vault], '[].{Where:location, Who:id}', 'table')).toBe(
      'Where    Who\n-------  ----------------\neastus   /subscriptions/s\n',
    );
  });

  it('calls a lone value Result', async () => {
    expect(await render('x', 'table')).toBe('Result\n--------\nx\n');
  });

  it("uses the command's own columns, but not for a query's answer", async () => {
    const columns = [
      ['Name', 'name'],
      ['A', 'properties.a'],
      ['Tags', 'tags'],
    ] as const;
    const base = { value: [vault], format: 'table', columns, madeByQuery: () => false, colour: false } as const;
    expect(await renderOutput({ ...base, queried: false })).toBe('Name    A\n------  ---\nkv      1\n');
    expect(await renderOutput({ ...base, queried: true, value: [{ name: 'kv' }] })).toBe('Name\n------\nkv\n');
  });

  it('is an empty line for what has nothing to show', async () => {
    expect(await render({ id: 'x', properties: {} }, 'table')).toBe('\n');
  });
});

describe('the other formats', () => {
  it.each<[OutputFormat, string]>([
    ['yaml', "a: 'yes'\nb:\n- 1\n- x: null\n"],
    ['yamlc', "a: 'yes'\nb:\n- 1\n- x: null\n"],
    ['none', ''],
    ['jsonc', '{\n  "a": "yes",\n  "b": [\n    1,\n    {\n      "x": null\n    }\n  ]\n}\n'],
  ])('%s', async (format, text) => {
    expect(await render({ b: [1, { x: null }], a: 'yes' }, format)).toBe(text);
  });

  it('colours jsonc on a terminal without changing its letters', async () => {
    const text = await renderOutput({
      value: { a: 'b: c' },
      format: 'jsonc',
      queried: false,
      madeByQuery: () => false,
      colour: true,
    });
    expect(text).toContain('\u001B[');
    expect(JSON.parse(text.replace(/\u001B\[\d+m/g, ''))).toEqual({ a: 'b: c' });
  });
});

describe('a query', () => {
  it('that is no JMESPath is a usage error in az’s words', async () => {
    await expect(compileQuery('a[')).rejects.toMatchObject({
      message: "argument --query: invalid jmespath_type value: 'a['",
      exitCode: 2,
    });
  });
});
