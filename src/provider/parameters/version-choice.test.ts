import { describe, expect, it } from 'vitest';
import { parseVersion } from './version-choice.ts';

describe('objectVersion', () => {
  it.each([
    ['', { version: undefined, choice: 'current' }],
    ['latest', { version: undefined, choice: 'current' }],
    ['latest-enabled', { version: undefined, choice: 'enabled' }],
    ['latest-valid', { version: undefined, choice: 'valid' }],
    ['0123456789abcdef0123456789abcdef', { version: '0123456789abcdef0123456789abcdef', choice: 'current' }],
    ['Latest', { version: 'Latest', choice: 'current' }],
    ['constructor', { version: 'constructor', choice: 'current' }],
  ])('"%s" is read', (text, expected) => {
    expect(parseVersion(text)).toEqual(expected);
  });
});
