import { errorText, type KeyedLock, type Log } from '#base';
import type { Mounter } from './mounter.ts';
import type { VolumeRecords } from './volume-record.ts';

/**
 * Removes the records of volumes that are mounted no more: after a reboot, or when a pod went while no driver ran; and
 * what a kill left of a record that was being written. Before the driver serves.
 */
export async function sweepRecords(deps: {
  readonly records: VolumeRecords;
  readonly mounter: Pick<Mounter, 'find'>;
  readonly locks: KeyedLock;
  readonly log: Log;
}): Promise<void> {
  try {
    await deps.records.removeUnreadable();
    for (const { targetPath } of await deps.records.list()) {
      await deps.locks.run(targetPath, async () => {
        if ((await deps.mounter.find(targetPath)) === undefined) await deps.records.remove(targetPath);
      });
    }
  } catch (error) {
    // Stale records do no harm (volume-record.ts); the driver starts all the same.
    deps.log.warn('Volume records not swept', { error: errorText(error) });
  }
}
