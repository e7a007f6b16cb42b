import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '#base';
import { MSAL_CACHE } from './msal-cache.ts';
import { isObject, parseJson, type Json, type JsonObject } from './json.ts';
import { writePrivateFile } from './private-file.ts';
import { claimsOf } from './token-claims.ts';
import { ACCESS_TOKEN_CACHE, SPARE_MS } from './tokens.ts';

/**
 * Drops the access tokens from an AZURE_CONFIG_DIR that have expired by `nowMs`, the lab's time: az goes by its own
 * clock, which stays behind when the lab's is moved on, and would go on using them. The next command gets a new one by
 * what it has kept besides: the refresh token, the client's secret. Does nothing where no az has kept any.
 */
export async function dropStaleTokens(configFolder: string, nowMs: number, random: Random): Promise<void> {
  const rewrite = (name: string, change: (content: JsonObject) => JsonObject) =>
    rewriteFile(join(configFolder, name), change, random);
  await rewrite(ACCESS_TOKEN_CACHE, (kept) => alive(kept, 'access_token', nowMs));
  await rewrite(MSAL_CACHE, (cache) => {
    const { AccessToken: tokens } = cache;
    return isObject(tokens) ? { ...cache, AccessToken: alive(tokens, 'secret', nowMs) } : cache;
  });
}

/** The entries whose token is good for a while yet; what is no entry is not ours to judge. */
function alive(entries: JsonObject, field: string, nowMs: number): JsonObject {
  const isStale = (entry: Json | undefined) => {
    const token = isObject(entry) ? entry[field] : undefined;
    const claims = typeof token === 'string' ? claimsOf(token) : undefined;
    const expires = isObject(claims) ? claims['exp'] : undefined;
    return typeof expires === 'number' && expires * 1000 - nowMs < SPARE_MS;
  };
  return Object.fromEntries(Object.entries(entries).filter(([, entry]) => !isStale(entry)));
}

/** Changes a file of JSON, whole; leaves it alone when it is not there, is no object, or would stay the same. */
async function rewriteFile(path: string, change: (content: JsonObject) => JsonObject, random: Random): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const content = parseJson(text);
  if (!isObject(content)) return;
  const changed = JSON.stringify(change(content));
  if (changed !== JSON.stringify(content)) await writePrivateFile(path, changed, random);
}
