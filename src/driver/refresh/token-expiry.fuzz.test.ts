// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { json, oneof, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TOKENS_ATTRIBUTE } from '#providerapi';
import { fuzz } from '../../base/testing/fuzz.ts';
import { tokensExpireAtMs } from './token-expiry.ts';

const of = (text: string) => tokensExpireAtMs({ [TOKENS_ATTRIBUTE]: text });
const token = (expirationTimestamp: unknown) => ({ token: 'a', expirationTimestamp });
const MS = Date.UTC(2026, 0, 1);

describe('the tokens of a request', () => {
  it.each([
    ['one', { a: token('2026-01-01T00:00:00Z') }, MS],
    ['the one that expires first', { a: token('2026-01-01T01:00:00Z'), b: token('2026-01-01T00:00:00Z') }, MS],
    ['of another time zone', { a: token('2026-01-01T02:00:00+02:00') }, MS],
    ['that do not say when', { a: { token: 'a' } }, Infinity],
    ['that say it in no time', { a: token('soon') }, Infinity],
    ['that say it in a number', { a: token(5) }, Infinity],
    ['none', {}, Infinity],
    ['nothing', null, Infinity],
    ['a list', ['a'], Infinity],
    ['a token that is none', { a: null }, Infinity],
  ])('expire as told: %s', (_name, tokens, expected) => {
    expect(of(JSON.stringify(tokens))).toBe(expected);
  });

  it.each([
    ['no JSON', '{'],
    ['an empty text', ''],
  ])('are the provider’s to judge: %s', (_name, text) => {
    expect(of(text)).toBe(Infinity);
  });

  it('may be none at all', () => {
    expect(tokensExpireAtMs({})).toBe(Infinity);
  });

  fuzz('of any JSON are answered by a time or by none', oneof(json(), string()), { inputs: 500, seed: 1 }, (text) => {
    expect(of(text)).not.toBeNaN();
  });
});
