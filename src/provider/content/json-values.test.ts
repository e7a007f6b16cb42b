import { describe, expect, it } from 'vitest';
import { readJson } from './json-values.ts';

// A class may ask for a hundred fields of one value, on the thread that all mounts of a node share.
describe('a JSON value is read once', () => {
  const root = readJson('{"a": {"b": [1, {"c": "x"}]}}');

  it.each([[['a']], [['a', 'b']], [['a', 'b', 1]], [['a', 'b', -1, 'c']]])('on the way to %j', (steps) => {
    expect(root?.at(steps)).toBeDefined();
    expect(root?.at(steps)).toBe(root?.at(steps));
  });

  it('for all of its fields', () => {
    expect(root?.fields()).toBe(root?.fields());
    expect(root?.fields()?.get('a')).toBe(root?.at(['a']));
  });
});
