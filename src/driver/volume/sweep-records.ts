import { errorText, type KeyedLock, type Log } from '#base';
import type { Mounter } from './mounter.ts';
import type { VolumeRecord, VolumeRecords } from './volume-record.ts';

/**
 * Removes the records of volumes that are mounted no more: after a reboot, or when a pod went while no driver ran; and
 * what a kill left of a record that was being written. Before the driver serves. Answers the records that stay.
 */
export async function sweepRecords(deps: {
  readonly records: VolumeRecords;
  readonly mounter: Pick<Mounter, 'find'>;
  readonly locks: KeyedLock;
  readonly log: Log;
}): Promise<readonly VolumeRecord[]> {
  const { records, mounter, locks, log } = deps;
  const staying = new Set<VolumeRecord>();
  try {
    await records.removeUnreadable();
    for (const record of await records.list()) staying.add(record);
    for (const record of staying) {
      const { targetPath } = record;
      await locks.run(targetPath, async () => {
        if ((await mounter.find(targetPath)) !== undefined) return;
        await records.remove(targetPath);
        staying.delete(record);
      });
    }
  } catch (error) {
    // Stale records do no harm (volume-record.ts); the driver starts all the same.
    log.warn('Volume records not swept', { error: errorText(error) });
  }
  return [...staying];
}
