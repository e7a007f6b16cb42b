import { errorText, KeyferryError, toKeyferryError, type KeyedLock, type Log } from '#base';
import type { NodeUnpublishVolumeRequest } from '../../gen/csi/v1/csi.ts';
import type { DriverMetrics } from '../metrics.ts';
import type { Mounter } from '../volume/mounter.ts';
import type { PodStatusWriter } from '../kubernetes/pod-status.ts';
import type { ProviderNotices } from './provider-notices.ts';
import type { RefreshFailures } from './refresh-failures.ts';
import type { Refresher } from '../refresh/refresher.ts';
import { removeTarget } from '../volume/remove-target.ts';
import type { SecretSync } from '../kubernetes/secret-sync.ts';
import { parseTargetPath } from '../request/target-path.ts';
import type { VolumeRecords } from '../volume/volume-record.ts';

/** Everything that an unpublish touches. */
export interface UnpublishDependencies {
  readonly mounter: Mounter;
  readonly records: VolumeRecords;
  readonly secrets: Pick<SecretSync, 'forget'>;
  readonly podStatus: Pick<PodStatusWriter, 'forget'>;
  readonly notices: Pick<ProviderNotices, 'forget'>;
  readonly refresher: Pick<Refresher, 'forget'>;
  readonly failures: Pick<RefreshFailures, 'forget'>;
  /** Ends a check that is under way: a vault that hangs does not keep a pod from going. */
  readonly cancelCheck: (targetPath: string) => void;
  readonly metrics: DriverMetrics;
  readonly locks: KeyedLock;
  readonly log: Log;
}

/** Takes a volume away. Calling it again, or for a volume that never was, succeeds. */
export type UnpublishVolume = (request: NodeUnpublishVolumeRequest) => Promise<void>;

/** The {@link UnpublishVolume} of a driver. The pod status stays: it goes with the pod by its owner reference. */
export function createUnpublishVolume(deps: UnpublishDependencies): UnpublishVolume {
  return async ({ volumeId, targetPath: rawPath }) => {
    if (volumeId === '') throw new KeyferryError('invalid-input', 'Volume ID missing in request');
    const targetPath = parseTargetPath(rawPath);
    deps.cancelCheck(targetPath);
    await deps.locks.run(targetPath, async () => {
      try {
        deps.secrets.forget(targetPath);
        deps.podStatus.forget(targetPath);
        deps.notices.forget(targetPath);
        deps.refresher.forget(targetPath);
        deps.failures.forget(targetPath);
        await removeTarget(targetPath, deps);
        await deps.records.remove(targetPath);
        deps.metrics.volumeGone(targetPath);
      } catch (error) {
        deps.metrics.unpublishFailed();
        const { hint } = toKeyferryError(error);
        throw new KeyferryError(
          'internal',
          `failed to clean and unmount target path ${targetPath}, err: ${errorText(error)}`,
          { cause: error, ...(hint !== undefined && { hint }) },
        );
      }
      deps.metrics.unpublished();
      deps.log.info('Volume unmounted', { volumeId });
    });
  };
}
