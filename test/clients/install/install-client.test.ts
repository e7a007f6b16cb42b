import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockCache } from './cache.ts';
import type { Client } from './client.ts';
import { installClient } from './install-client.ts';
import { stepRunner } from './programs.ts';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'keyferry-install-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

/** A client whose program is a file; it tells how often it was installed. */
function fileClient(overrides: Partial<Client> = {}): Client & { readonly installations: string[] } {
  const installations: string[] = [];
  return {
    name: 'file',
    summary: 'a file',
    inputs: ['1.0'],
    missing: () => Promise.resolve(undefined),
    install: async (folder, run) => {
      installations.push(readdirSync(folder).join());
      await run('sh', ['-c', 'echo 1.0 > "$0"', join(folder, 'program')]);
    },
    programs: { file: 'program' },
    version: async (folder) => readFileSync(join(folder, 'program'), 'utf8').trim(),
    ...overrides,
    installations,
  };
}

describe('installing a client', () => {
  test('happens once, and tells its version and where its programs are', async () => {
    const client = fileClient();
    const first = await installClient(client, cache);
    expect(await installClient(client, cache)).toEqual(first);
    expect(client.installations).toHaveLength(1);
    if ('skipped' in first) throw new Error(first.skipped);
    expect(first.version).toBe('1.0');
    expect(first.programs).toEqual({ file: join(first.folder, 'program') });
  });

  test('is done anew, elsewhere, when what it depends on changes', async () => {
    const before = await installClient(fileClient(), cache);
    const after = fileClient({ inputs: ['1.1'] });
    expect(await installClient(after, cache)).not.toEqual(before);
    expect(after.installations).toHaveLength(1);
  });

  test('that was cut short is begun anew in an empty folder', async () => {
    const cut = fileClient({
      install: async (folder) => {
        writeFileSync(join(folder, 'half'), '');
        throw new Error('the network went away');
      },
    });
    expect(await installClient(cut, cache)).toMatchObject({
      skipped: expect.stringMatching(/^the network went away; /),
    });
    const whole = fileClient();
    expect(await installClient(whole, cache)).toMatchObject({ version: '1.0' });
    expect(whole.installations).toEqual(['']);
  });

  test('is done anew in the same run when what is there no longer runs', async () => {
    const client = fileClient();
    const first = await installClient(client, cache);
    if ('skipped' in first) throw new Error(first.skipped);
    rmSync(join(first.folder, 'program'));
    expect(await installClient(client, cache)).toEqual(first);
    expect(client.installations).toEqual(['', '']);
  });

  test('is not tried when the machine lacks something', async () => {
    const client = fileClient({ missing: () => Promise.resolve('no python3') });
    expect(await installClient(client, cache)).toEqual({ skipped: 'no python3' });
    expect(client.installations).toEqual([]);
  });

  test('that fails tells the step, its last words, and where the rest is', async () => {
    const client = fileClient({ install: (_, run) => run('sh', ['-c', 'echo one; echo no route >&2; exit 3']) });
    const installed = await installClient(client, cache);
    if (!('skipped' in installed)) throw new Error('it did not fail');
    const [, log] = /^`sh -c .*` ended with 3: one \/ no route; the whole output: (.*)$/s.exec(installed.skipped) ?? [];
    expect(log).toBeDefined();
    expect(existsSync(log ?? '')).toBe(true);
  });
});

describe('a step of an installation', () => {
  test('that never ends is ended', async () => {
    const run = stepRunner(join(cache, 'log'), { timeoutMs: 50 });
    await expect(run('sleep', ['1000'])).rejects.toThrow('`sleep 1000` ended with SIGTERM');
  });

  test('ends with the installer, and so does what it started', async () => {
    const stop = new AbortController();
    const run = stepRunner(join(cache, 'log'), { signal: stop.signal });
    const pidFile = join(cache, 'pid');
    const step = run('sh', ['-c', 'sleep 1000 & echo $! > "$0"; wait', pidFile]);
    await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8')).toMatch(/^\d+\n$/);
    stop.abort();
    // It is over when nobody holds its output any more.
    await expect(step).rejects.toThrow('ended with SIGTERM');
  });

  test('whose program is not there says so', async () => {
    const run = stepRunner(join(cache, 'log'));
    await expect(run('no-such-program', [])).rejects.toThrow('no-such-program ENOENT');
  });
});

test('a second installer waits for the first, and is told once', async () => {
  const order: string[] = [];
  const first = await lockCache(cache, () => order.push('first waits'));
  const second = lockCache(cache, () => {
    order.push('second waits');
    first[Symbol.dispose]();
  });
  using _lock = await second;
  expect(order).toEqual(['second waits']);
});
