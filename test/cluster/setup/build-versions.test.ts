import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildVersions } from './build-versions.ts';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'keyferry-builds-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

test('a build that would not be done in time is not begun, and says so', async () => {
  const { signal } = new AbortController();
  const built = await buildVersions(['1.34', '1.36'], { cache, withinMs: 90_000, signal });
  const skipped = expect.stringMatching(/^not built: that takes about 8 minutes, and 1\.5 of --within are left$/);
  expect(built).toEqual({ '1.34': { skipped }, '1.36': { skipped } });
  expect(readdirSync(cache)).toEqual([]);
});
