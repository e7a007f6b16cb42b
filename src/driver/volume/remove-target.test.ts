import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createMounter, type Mounter } from './mounter.ts';
import { removeTarget } from './remove-target.ts';
import { createFakeMounter } from '../testing/fake-mounter.ts';
import { mayMount } from '../testing/may-mount.ts';

const SIZE = { sizeBytes: 1024 * 1024 };

let folder: string;
let target: string;
let outside: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-remove-'));
  target = join(folder, 'mount');
  outside = join(folder, 'outside');
  await mkdir(target);
  await mkdir(outside);
  await writeFile(join(outside, 'keep'), '');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const remove = (mounter: Mounter) => removeTarget(target, { mounter, log: silentLog });

describe('the removal of a target', () => {
  it('takes away what lay below the mount at the first try', async () => {
    await mkdir(join(target, 'd', '.e'), { recursive: true });
    await writeFile(join(target, 'd', '.e', 'planted'), '');
    const mounter = createFakeMounter();
    await mounter.mountTmpfs(target, SIZE);
    await writeFile(join(target, 'file'), '');
    await remove(mounter);
    expect(existsSync(target)).toBe(false);
  });

  it.each<[string, () => Promise<void>]>([
    ['in it', () => symlink(outside, join(target, 'link'))],
    ['in a folder of it', () => mkdir(join(target, 'd')).then(() => symlink(outside, join(target, 'd', 'link')))],
    ['in its place', () => rm(target, { recursive: true }).then(() => symlink(outside, target))],
  ])('removes a link %s, and leaves what it leads to', async (_where, plant) => {
    await plant();
    await remove(createFakeMounter());
    expect(await readdir(folder)).toEqual(['outside']);
    expect(await readdir(outside)).toEqual(['keep']);
  });

  it('removes a file in its place', async () => {
    await rm(target, { recursive: true });
    await writeFile(target, '');
    await remove(createFakeMounter());
    expect(existsSync(target)).toBe(false);
  });

  it('does nothing where there is nothing', async () => {
    await rm(target, { recursive: true });
    await expect(remove(createFakeMounter())).resolves.toBeUndefined();
    await rm(folder, { recursive: true });
    await expect(remove(createFakeMounter())).resolves.toBeUndefined();
  });

  describe.runIf(mayMount())('with the kernel behind it', () => {
    const mounter = createMounter({ log: silentLog });

    it('leaves the content of a folder that is mounted inside the volume', async () => {
      await mounter.mountTmpfs(target, SIZE);
      await mkdir(join(target, 'd'));
      await writeFile(join(target, 'file'), '');
      execFileSync('mount', ['--bind', outside, join(target, 'd')]);
      await remove(mounter);
      expect(existsSync(target)).toBe(false);
      expect(await readdir(outside)).toEqual(['keep']);
    });

    it('leaves the content of a folder that is mounted in place of the volume', async () => {
      execFileSync('mount', ['--bind', outside, target]);
      await remove(mounter);
      expect(existsSync(target)).toBe(false);
      expect(await readdir(outside)).toEqual(['keep']);
    });

    it('fails while something is mounted in the folder itself, and leaves its content', async () => {
      await mkdir(join(target, 'd'));
      execFileSync('mount', ['--bind', outside, join(target, 'd')]);
      try {
        await expect(remove(mounter)).rejects.toThrow(/ENOTEMPTY|EBUSY/);
        expect(await readdir(outside)).toEqual(['keep']);
      } finally {
        execFileSync('umount', [join(target, 'd')]);
      }
      await remove(mounter);
      expect(existsSync(target)).toBe(false);
    });
  });
});
