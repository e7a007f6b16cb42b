/** What was found at a volume's target before anything is done. */
export interface ObservedVolume {
  /** The mount table's word. */
  readonly mounted: boolean;
  /** Files were written to the end: the record or the writer's `..data` says so. */
  readonly filled: boolean;
  /** When the next check is due by the monotonic clock; undefined when nothing is known, as after a restart. */
  readonly nextCheckMs: number | undefined;
}

/** What to do. */
export type PublishPlan =
  /** All is in place and nothing is due. */
  | { readonly action: 'keep' }
  /** The volume has no files yet: a failure is told to kubelet, and undone. `mount`: tmpfs comes first. */
  | { readonly action: 'fill'; readonly mount: boolean }
  /** The volume has files that a pod may be reading: a failure leaves them. */
  | { readonly action: 'refresh' };

/**
 * Decides what a NodePublishVolume has to do. The order matters: the mount table comes before any thought of age, so a
 * first publish is never skipped (upstream 1.6 skips it when the target's folder is young, and starts pods with nothing).
 */
export function planPublish(
  volume: ObservedVolume,
  policy: { readonly refreshes: boolean; readonly nowMs: number },
): PublishPlan {
  if (!volume.mounted) return { action: 'fill', mount: true };
  if (!volume.filled) return { action: 'fill', mount: false };
  if (!policy.refreshes) return { action: 'keep' };
  const due = volume.nextCheckMs === undefined || policy.nowMs >= volume.nextCheckMs;
  return due ? { action: 'refresh' } : { action: 'keep' };
}
