import type { DueCheck } from '../refresh/refresh-schedule.ts';

/** What was found at a volume's target before anything is done. */
export interface ObservedVolume {
  /** The kernel's word, never a file's. */
  readonly mounted: boolean;
  /**
   * `whole`: files were written to the end, the record or the writer's `..data` says so. `unknown`: there are files of
   * somebody, and nothing says whether all of them: another driver's provider may have written them, or a kill cut the
   * writing short. `none`: nothing that a pod could read.
   */
  readonly content: 'whole' | 'unknown' | 'none';
  /** Undefined: no check is due, or none is to be made. */
  readonly due: DueCheck | undefined;
}

/** What to do. */
export type PublishPlan =
  /** All is in place and nothing is due. */
  | { readonly action: 'keep' }
  /**
   * The volume's files are not known to be there: a failure is told to kubelet. `mount`: tmpfs comes first. `keepsFiles`:
   * a pod may be reading what is there, so nothing is undone.
   */
  | { readonly action: 'fill'; readonly mount: boolean; readonly keepsFiles: boolean }
  /** The volume has files that a pod may be reading: a failure leaves them. */
  | { readonly action: 'refresh'; readonly freshSinceMs: number };

/**
 * Decides what a NodePublishVolume has to do. The order matters: what is mounted comes before any thought of age, so a
 * first publish is never skipped (upstream 1.6 skips it when the target's folder is young, and starts pods with nothing).
 */
export function planPublish({ mounted, content, due }: ObservedVolume): PublishPlan {
  if (!mounted) return { action: 'fill', mount: true, keepsFiles: false };
  if (content !== 'whole') return { action: 'fill', mount: false, keepsFiles: content === 'unknown' };
  return due === undefined ? { action: 'keep' } : { action: 'refresh', freshSinceMs: due.freshSinceMs };
}
