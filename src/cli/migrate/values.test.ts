import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { VALUE_OF_FLAG } from './values.ts';

const chart = parse(readFileSync(new URL('../../../charts/keyferry/values.yaml', import.meta.url), 'utf8')) as unknown;

describe('the value that a flag becomes', () => {
  it.each(Object.values(VALUE_OF_FLAG))('$path is one of the chart, with the default $default', (value) => {
    const found = value.path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], chart);
    expect(found).toBe(value.default);
  });
});
