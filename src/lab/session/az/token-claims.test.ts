import { expect, it } from 'vitest';
import { claimsOf } from './token-claims.ts';

const jwt = (payload: string) => `e30.${Buffer.from(payload).toString('base64url')}.c2ln`;

it('reads the claims of a token, whatever letters are in them', () => {
  expect(claimsOf(jwt('{"tid":"t","name":"Zoë ✓"}'))).toEqual({ tid: 't', name: 'Zoë ✓' });
});

it.each(['', 'opaque', 'a.b', jwt('no JSON')])('finds no claims in "%s"', (token) => {
  expect(claimsOf(token)).toBeUndefined();
});
