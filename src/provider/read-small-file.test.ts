import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSmallFile } from './read-small-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-small-file-'));
  writeFileSync(join(folder, 'fits'), 'é'.repeat(50));
  writeFileSync(join(folder, 'large'), 'x'.repeat(101));
  symlinkSync('fits', join(folder, 'link'));
  spawnSync('mkfifo', [join(folder, 'pipe')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a small file', () => {
  it.each(['fits', 'link'])('is read as text: %s', async (name) => {
    expect(await readSmallFile(join(folder, name), 100)).toBe('é'.repeat(50));
  });

  it('may say nothing of its size', async () => {
    expect(await readSmallFile('/proc/self/comm', 100)).toMatch(/\n$/);
  });

  it.each([
    ['a file that is too large', () => join(folder, 'large'), /^larger than 100 bytes$/],
    ['an endless device', () => '/dev/zero', /^not a regular file$/],
    ['a folder', () => folder, /^not a regular file$/],
    ['a pipe that nobody writes to', () => join(folder, 'pipe'), /^not a regular file$/],
    ['nothing', () => join(folder, 'none'), /ENOENT/],
  ])('is not %s', async (_name, path, reason) => {
    await expect(readSmallFile(path(), 100)).rejects.toThrow(reason);
  });
});
