import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '#base';
import { dropStaleTokens } from './stale-tokens.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const SOON = tokenUntil(NOW_MS + 4 * 60_000);
const LATER = tokenUntil(NOW_MS + 6 * 60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-az-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function tokenUntil(ms: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part({ exp: ms / 1000 })}.signature`;
}

const write = (name: string, content: unknown) => writeFileSync(join(folder, name), JSON.stringify(content));
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown;

describe('the tokens that az has kept', () => {
  it('go when they expire within five minutes of the lab, and everything else stays', async () => {
    const user = { RefreshToken: { r: { secret: 'refresh' } }, Account: { a: {} } };
    // What az itself believes of their end is by its own clock, and does not count.
    const entry = (secret: string) => ({ secret, expires_on: '9999999999' });
    write('msal_token_cache.json', { AccessToken: { soon: entry(SOON), later: entry(LATER) }, ...user });
    write('keyferry_access_tokens.json', {
      soon: { access_token: SOON, expires_at_ms: 1e15 },
      later: { access_token: LATER, expires_at_ms: 1e15 },
    });
    await dropStaleTokens(folder, NOW_MS, systemRandom);
    expect(read('msal_token_cache.json')).toEqual({ AccessToken: { later: entry(LATER) }, ...user });
    expect(read('keyferry_access_tokens.json')).toEqual({ later: { access_token: LATER, expires_at_ms: 1e15 } });
    expect(statSync(join(folder, 'msal_token_cache.json')).mode & 0o777).toBe(0o600);
  });

  it('stay when there is nothing to say about their end', async () => {
    const cache = { AccessToken: { opaque: { secret: 'no-jwt' }, empty: {}, odd: 5 } };
    write('msal_token_cache.json', cache);
    await dropStaleTokens(folder, NOW_MS, systemRandom);
    expect(read('msal_token_cache.json')).toEqual(cache);
  });

  it.each(['', 'no json', '[]', '{"AccessToken":7}'])('are left alone in a file with %j', async (text) => {
    writeFileSync(join(folder, 'msal_token_cache.json'), text);
    await dropStaleTokens(folder, NOW_MS, systemRandom);
    expect(readFileSync(join(folder, 'msal_token_cache.json'), 'utf8')).toBe(text);
  });

  it('need not be there', async () => {
    await dropStaleTokens(folder, NOW_MS, systemRandom);
    expect(readdirSync(folder)).toEqual([]);
  });
});
