/**
 * NodePublishVolume, in the order of docs/architecture.md: parse ▸ plan ▸ fetch ▸ write ▸ record ▸ sync, then the
 * answer; the pod status follows on its own. And the same for a volume whose next check is due, with no call of kubelet's.
 */
import type { KeyedLock } from '#base';
import type { NodePublishVolumeRequest } from '../../gen/csi/v1/csi.ts';
import { fillVolume, type FillDependencies } from './fill-volume.ts';
import { parsePublish, type PublishRequest } from '../request/parse-publish.ts';
import { planPublish, type PublishPlan } from './plan-publish.ts';
import { refreshVolume, type RefreshDependencies } from './refresh-volume.ts';
import { ifPresent, type VolumeFileSystem } from '../volume/volume-files.ts';
import type { VolumeRecord } from '../volume/volume-record.ts';

/** Everything that a publish touches; handed in. */
export interface PublishDependencies extends FillDependencies, RefreshDependencies {
  readonly files: Pick<VolumeFileSystem, 'mkdir' | 'readdir' | 'rmdir'>;
  /** One change at a time per target path. */
  readonly locks: KeyedLock;
  /**
   * Looks whether another driver has taken this one's place, and if so aborts the signals of its checks: kubelet asks that
   * one from then on, so two would write one volume, and an unpublish would not be known here.
   */
  readonly standAside: () => Promise<void>;
}

/** What is done about the volumes of this node. */
export interface Volumes {
  /** Fills, refreshes or keeps the volume that kubelet asks for. When it returns, the files are in place. */
  publish(request: NodePublishVolumeRequest, signal: AbortSignal): Promise<void>;
  /** Refreshes a mounted volume whose check is due, with the newest request that kubelet sent for it. */
  refresh(targetPath: string, signal: AbortSignal): Promise<void>;
}

/** {@link PublishDependencies} put to work. */
export function createVolumes(deps: PublishDependencies): Volumes {
  const { locks, refresher, metrics } = deps;
  return {
    publish: async (raw, signal) => {
      const request = parsePublish(raw);
      await locks.run(request.targetPath, async () => {
        const { record, ...found } = await inspect(deps, request);
        if (found.content === 'whole') refresher.keep(request, record);
        const plan = planVolume(deps, request, found);
        if (plan.action === 'fill') return fillVolume(deps, request, plan, signal);
        if (plan.action === 'refresh')
          await refreshVolume(deps, request, record, { freshSinceMs: plan.freshSinceMs, signal });
        metrics.published(record?.provider ?? '');
      });
    },
    refresh: (targetPath, signal) =>
      locks.run(targetPath, async () => {
        await deps.standAside();
        const request = refresher.request(targetPath);
        if (request === undefined || signal.aborted) return;
        try {
          const { record, ...found } = await inspect(deps, request);
          const plan = planVolume(deps, request, found);
          const beforeWrite = async () => {
            await deps.standAside();
            signal.throwIfAborted();
          };
          if (plan.action === 'refresh')
            await refreshVolume(deps, request, record, { freshSinceMs: plan.freshSinceMs, beforeWrite, signal });
          // Not mounted any more: only kubelet can say whether it is to be.
          else if (plan.action === 'fill') refresher.forget(targetPath);
        } catch (error) {
          refresher.failed(targetPath);
          throw error;
        }
      }),
  };
}

type Found = Pick<Parameters<typeof planPublish>[0], 'mounted' | 'content'>;

async function inspect(
  { mounter, writer, files, records }: PublishDependencies,
  { targetPath }: PublishRequest,
): Promise<Found & { readonly record?: VolumeRecord | undefined }> {
  // What else may be mounted there is no place for secrets: a tmpfs comes over it.
  const mounted = (await mounter.find(targetPath))?.fsType === 'tmpfs';
  if (!mounted) return { mounted, content: 'none' };
  const record = await records.read(targetPath);
  // A record counts for files that the provider wrote, as they leave no trace; the driver's own swap tells for itself,
  // also where the record is missing: an older driver mounted the volume, or a kill came between the swap and the record.
  if (record?.filesBy === 'provider' || (await writer.isWritten(targetPath)))
    return { mounted, content: 'whole', record };
  // A swap that was cut short leaves folders with two dots and links, never a file that a pod could read.
  const entries = (await ifPresent(files.readdir(targetPath, { withFileTypes: true }))) ?? [];
  const isFile = entries.some((entry) => !entry.name.startsWith('..') && !entry.isSymbolicLink());
  return { mounted, content: isFile ? 'unknown' : 'none', record };
}

function planVolume({ refresher }: PublishDependencies, { targetPath }: PublishRequest, found: Found): PublishPlan {
  return planPublish({ ...found, due: refresher.enabled ? refresher.due(targetPath) : undefined });
}
