import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MountEntry } from '../mountinfo.ts';
import type { Mounter } from '../mounter.ts';

/** A {@link Mounter} for tests that are not root. */
export interface FakeMounter extends Mounter {
  /** The targets that are mounted now. */
  readonly mounted: ReadonlySet<string>;
  /** As a reboot leaves a node: nothing is mounted, what was in the mounts is gone, the folders stay. */
  reboot(): Promise<void>;
}

/**
 * Mounts nothing: a mount table in memory, and folders that are emptied as a fresh tmpfs is empty. What a mount covers
 * is kept aside and comes back with the unmount. Known limit: no size limit, no mount options in force.
 */
export function createFakeMounter(): FakeMounter {
  const mounts = new Map<string, { readonly covered: string; readonly entry: MountEntry }>();
  const uncover = async (target: string) => {
    const covered = mounts.get(target)?.covered;
    if (covered === undefined) return;
    await rm(target, { recursive: true, force: true });
    await cp(covered, target, { recursive: true, verbatimSymlinks: true });
    await rm(covered, { recursive: true, force: true });
    mounts.delete(target);
  };
  return {
    get mounted() {
      return new Set(mounts.keys());
    },
    find: (target) => Promise.resolve(mounts.get(target)?.entry),
    async mountTmpfs(target, { sizeBytes }) {
      await readdir(target); // throws where there is no folder
      const covered = await mkdtemp(join(tmpdir(), 'keyferry-covered-'));
      await rm(covered, { recursive: true });
      await rename(target, covered);
      await mkdir(target);
      const options = ['rw', 'nosuid', 'nodev', 'noexec'];
      const superOptions = ['rw', `size=${sizeBytes / 1024}k`];
      mounts.set(target, {
        covered,
        entry: { device: '0:0', mountPoint: target, fsType: 'tmpfs', source: 'tmpfs', options, superOptions },
      });
    },
    unmount: uncover,
    reboot: async () => {
      for (const target of mounts.keys()) await uncover(target);
    },
  };
}
