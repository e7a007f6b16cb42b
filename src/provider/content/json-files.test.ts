import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { selectJson } from './json-files.ts';
import type { JsonSelection } from '../parameters/json-selection.ts';
import { parseJsonPath } from '../parameters/json-path.ts';

function jsonPath(path: string): JsonSelection {
  const parsed = parseJsonPath(path);
  if (!parsed.ok) throw new Error(parsed.problem);
  return { field: 'jsonPath', path, steps: parsed.steps };
}

const ALL: JsonSelection = { field: 'jsonFiles', files: 'all' };
const DB =
  '{"user": "ada", "port": 5432, "id": 12345678901234567890, "on": true, "none": null, "more": {"a": [1.10, "x"]}}';

function files(value: string, selection: JsonSelection): Record<string, string | undefined> {
  return Object.fromEntries(selectJson(new Secret(value), selection).map(({ name, text }) => [name, text?.expose()]));
}

describe('a field of a JSON value', () => {
  it.each([
    ['$.user', 'ada'],
    ['$.port', '5432'],
    ['$.id', '12345678901234567890'],
    ['$.on', 'true'],
    ['$.none', 'null'],
    ['$.more', '{"a": [1.10, "x"]}'],
    ['$.more.a[0]', '1.10'],
    ['$.more.a[-1]', 'x'],
    ['$.more.a[2]', undefined],
    ['$.user.x', undefined],
    ['$.user[0]', undefined],
    ['$.toString', undefined],
    ['$.__proto__', undefined],
  ])('%s is as it stands in the text', (path, text) => {
    expect(files(DB, jsonPath(path))).toEqual({ '': text });
  });

  it('is the last one of its name, as for every reader of JSON', () => {
    expect(files('{"a": 1, "b": 0, "a": 2}', jsonPath('$.a'))).toEqual({ '': '2' });
  });

  it.each(['', 'no json', '{"a": 1', "{'a': 1}", '['.repeat(200)])('is not looked for in "%s"', (value) => {
    expect(() => files(value, jsonPath('$.a'))).toThrow('the value is no JSON, as jsonPath needs it');
  });
});

describe('the fields of a JSON value as files', () => {
  it('are all of them', () => {
    expect(Object.keys(files(DB, ALL))).toEqual(['user', 'port', 'id', 'on', 'none', 'more']);
  });

  it('are the named ones under the names that a class gives them', () => {
    const named: JsonSelection = {
      field: 'jsonFiles',
      files: [
        { name: 'login/name', path: '$.user', steps: ['user'] },
        { name: 'login/none', path: '$.pass', steps: ['pass'] },
      ],
    };
    expect(files(DB, named)).toEqual({ 'login/name': 'ada', 'login/none': undefined });
  });

  it.each([
    ['[1]', 'no JSON object with fields'],
    ['"text"', 'no JSON object with fields'],
    ['{}', '0 fields'],
    [JSON.stringify(Object.fromEntries(Array.from({ length: 501 }, (_, index) => [index, 1]))), '501 fields'],
    ['{"ok": 1, "../secret-name": 2}', 'field 2 of the value: file name must not contain'],
    ['{"": 1}', 'field 1 of the value'],
    ['{"a/b": 1}', 'field 1 of the value'],
  ])('are refused for %s', (value, message) => {
    expect(() => files(value, ALL)).toThrow(
      expect.objectContaining({ code: 'failed-precondition', message: expect.stringContaining(message) }),
    );
  });

  it('are 500 at most', () => {
    const value = JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`f${index}`, index])));
    expect(Object.keys(files(value, ALL))).toHaveLength(500);
  });

  it('tell nothing of the value when they are refused', () => {
    expect(() => files('{"../hidden-name": "hidden-value"}', ALL)).toThrow(/^(?!.*hidden)/);
  });
});
