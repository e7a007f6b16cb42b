import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, readFile, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Mounter } from '../volume/mounter.ts';
import { parseMountinfo } from '../volume/mountinfo.ts';
import { mayGiveToGroup } from './may-mount.ts';

const SIZE = { sizeBytes: 1024 * 1024 };
const OTHER_GROUP = 4711;

/** What every {@link Mounter} promises. `real`: the kernel is behind it, so that limits and links can be tried. */
export function describeMounter(name: string, create: () => Mounter, { real = false } = {}): void {
  describe(`a mounter (${name})`, () => {
    let folder: string;
    let target: string;
    let mounter: Mounter;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'keyferry mounter '));
      target = join(folder, 'mount');
      await mkdir(target);
      mounter = create();
    });
    afterEach(async () => {
      await mounter.unmount(target);
      await rm(folder, { recursive: true, force: true });
    });

    it('finds nothing where nothing is mounted, nor where there is no folder', async () => {
      expect(await mounter.find(target)).toBeUndefined();
      expect(await mounter.find(join(folder, 'no', 'such'))).toBeUndefined();
    });

    it('mounts an empty tmpfs that holds neither programs nor devices, and has a size', async () => {
      await writeFile(join(target, 'below'), '');
      await mounter.mountTmpfs(target, SIZE);
      expect(await mounter.find(target)).toMatchObject({ fsType: 'tmpfs' });
      expect(await readdir(target)).toEqual([]);
      if (!real) return;
      const entry = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8')).find(
        ({ mountPoint }) => mountPoint === target,
      );
      expect(entry?.options).toEqual(expect.arrayContaining(['nosuid', 'nodev', 'noexec']));
      expect(entry?.superOptions).toContain('size=1024k');
      expect((await stat(target)).mode & 0o7777).toBe(0o755);
    });

    it.runIf(real && mayGiveToGroup(OTHER_GROUP))('gives the volume to a group', async () => {
      await mounter.mountTmpfs(target, { ...SIZE, groupId: OTHER_GROUP });
      expect(await stat(target)).toMatchObject({ gid: OTHER_GROUP, uid: process.getuid?.() });
    });

    it.runIf(real)('finds another file system, and says that it is none of its own', async () => {
      execFileSync('mount', ['--bind', folder, target]);
      expect((await mounter.find(target))?.fsType).toEqual(expect.not.stringMatching(/^tmpfs$/));
    });

    it.runIf(real)('detaches a volume whose file somebody still has open', async () => {
      await mounter.mountTmpfs(target, SIZE);
      const held = await open(join(target, 'held'), 'w');
      try {
        await mounter.unmount(target);
        expect(await mounter.find(target)).toBeUndefined();
        await rmdir(target);
      } finally {
        await held.close();
      }
    });

    it.runIf(real)('does not mount where a link leads', async () => {
      const other = join(folder, 'other');
      await mkdir(other);
      await rmdir(target);
      await symlink(other, target);
      await expect(mounter.mountTmpfs(target, SIZE)).rejects.toThrow(/no such folder/);
      expect(await mounter.find(other)).toBeUndefined();
      await rm(target);
    });

    it('takes the files away with the mount, and leaves what was below it', async () => {
      await writeFile(join(target, 'below'), '');
      await mounter.mountTmpfs(target, SIZE);
      await writeFile(join(target, 'above'), '');
      await mounter.unmount(target);
      expect(await mounter.find(target)).toBeUndefined();
      expect(await readdir(target)).toEqual(['below']);
    });

    it('does nothing when it unmounts what is not mounted', async () => {
      await expect(mounter.unmount(target)).resolves.toBeUndefined();
      await expect(mounter.unmount(join(folder, 'no', 'such'))).resolves.toBeUndefined();
    });

    it('refuses to mount where there is no folder', async () => {
      await expect(mounter.mountTmpfs(join(folder, 'absent'), SIZE)).rejects.toThrow();
    });

    it.runIf(real)('finds a mount over a symbolic link in its path', async () => {
      await symlink(folder, `${folder}-link`);
      try {
        await mounter.mountTmpfs(target, SIZE);
        expect(await mounter.find(join(`${folder}-link`, 'mount'))).toMatchObject({ fsType: 'tmpfs' });
      } finally {
        await rm(`${folder}-link`);
      }
    });

    it.runIf(real)('takes away mounts that are stacked', async () => {
      await mounter.mountTmpfs(target, SIZE);
      await mounter.mountTmpfs(target, SIZE);
      await mounter.unmount(target);
      expect(await mounter.find(target)).toBeUndefined();
    });

    // Or files would be written to the folder that is seen, on a disk, in the belief that it is the tmpfs.
    it.runIf(real)(
      'does not find a mount that lies below another one, as when kubelet’s folder is mounted anew',
      async () => {
        await mounter.mountTmpfs(target, SIZE);
        await mounter.mountTmpfs(folder, SIZE);
        try {
          expect(await mounter.find(target)).toBeUndefined();
          await mkdir(target);
          expect(await mounter.find(target)).toBeUndefined();
          await mounter.mountTmpfs(target, SIZE);
          await writeFile(join(target, 'above'), '');
          await mounter.unmount(target);
          expect(await mounter.find(target)).toBeUndefined();
          expect(await readdir(target)).toEqual([]);
        } finally {
          await mounter.unmount(folder);
        }
        expect(await mounter.find(target)).toMatchObject({ fsType: 'tmpfs' });
      },
    );

    it.runIf(real)('holds no more than its size', async () => {
      await mounter.mountTmpfs(target, SIZE);
      await expect(writeFile(join(target, 'big'), Buffer.alloc(2 * SIZE.sizeBytes))).rejects.toMatchObject({
        code: 'ENOSPC',
      });
    });
  });
}
