import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../base/testing/index.ts';
import { Secret } from '#base';
import { createAtomicWriter } from './atomic-writer.ts';
import { listMountedFiles } from './mounted-files.ts';

let target: string;
beforeEach(async () => {
  target = await mkdtemp(join(tmpdir(), 'keyferry-files-'));
});
afterEach(() => rm(target, { recursive: true, force: true }));

describe('the files of a volume', () => {
  it('are listed as a class names them', async () => {
    const contents = new Secret<Uint8Array>(Buffer.from('x'));
    const paths = ['two', 'folder/0', 'folder/deep/er', 'one'];
    const payload = new Map(paths.map((path) => [path, { path, mode: 0o644, contents }]));
    await createAtomicWriter({ clock: createFakeClock() }).write(target, payload);
    expect(await listMountedFiles(target)).toEqual(['one', 'two', 'folder/0', 'folder/deep/er']);
  });

  it('are listed where the provider wrote them itself, without links that lead nowhere', async () => {
    for (const path of ['one', 'folder/two']) {
      await mkdir(dirname(join(target, path)), { recursive: true });
      await writeFile(join(target, path), 'x');
    }
    await symlink('/nonexistent/x', join(target, 'broken'));
    await symlink('.', join(target, 'folder', 'loop'));
    expect((await listMountedFiles(target)).slice(0, 2)).toEqual(['one', 'folder/two']);
  });

  it('are few in a message, however many there are, and none where there is no volume', async () => {
    for (let index = 0; index < 50; index += 1) await writeFile(join(target, `file-${index}`), 'x');
    expect(await listMountedFiles(target)).toHaveLength(20);
    expect(await listMountedFiles(join(target, 'none'))).toEqual([]);
  });
});
