import { assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesPattern } from './pattern.ts';

describe('a pattern', () => {
  it.each([
    ['kv1.vault.azure.net', 'kv1.vault.azure.net', true],
    ['KV1.vault.azure.net', 'kv1.Vault.azure.net', true],
    ['kv1.vault.azure.net', 'kv2.vault.azure.net', false],
    ['*.vault.azure.net', 'kv1.vault.azure.net', true],
    ['*.vault.azure.net', 'vault.azure.net', false],
    ['kv*.vault.azure.net', 'kv.vault.azure.net', true],
    ['*', '', true],
    ['/secrets/*/versions', '/secrets/db/versions', true],
    ['/secrets/*/versions', '/secrets/versions', false],
    ['a*b*a', 'aba', true],
    ['a*b*a', 'ab', false],
    ['ab*ba', 'aba', false],
    ['*aa*', 'a', false],
    ['a.c', 'abc', false],
  ])('%s and %s: %s', (pattern, text, expected) => {
    expect(matchesPattern(pattern, text)).toBe(expected);
  });

  it('says what the same pattern says as a regular expression', () => {
    const text = string({ unit: constantFrom('a', 'b', '*'), maxLength: 8 });
    assert(
      property(text, text, (pattern, other) => {
        const plain = other.replaceAll('*', 'b');
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(plain);
        expect(matchesPattern(pattern, plain)).toBe(expected);
      }),
    );
  });
});
