import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mounter } from '../volume/mounter.ts';

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
  const mounts = new Map<string, { readonly covered: string }>();
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
    find: (target) => Promise.resolve(mounts.has(target) ? { fsType: 'tmpfs' } : undefined),
    async mountTmpfs(target) {
      await readdir(target); // throws where there is no folder
      const covered = await mkdtemp(join(tmpdir(), 'keyferry-covered-'));
      await rm(covered, { recursive: true });
      await rename(target, covered);
      await mkdir(target);
      mounts.set(target, { covered });
    },
    unmount: uncover,
    reboot: async () => {
      for (const target of mounts.keys()) await uncover(target);
    },
  };
}
