import { parseJson, type Json } from './json.ts';

/**
 * What a token claims; undefined when it is no JWT. Its signature is not looked at: the token came from its issuer, or
 * is only passed on to somebody who checks it (OpenID Connect Core 3.1.3.7).
 */
export function claimsOf(token: string): Json | undefined {
  return parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
}
