import type { Job } from 'kubernetes-types/batch/v1.js';
import type { KubeObject } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { endOfJob } from './job-conditions.ts';

/** Milliseconds until ttlSecondsAfterFinished have passed since the Job's end; undefined when nothing is to be deleted. */
export function ttlInMs(job: Job, nowMs: number): number | undefined {
  const seconds = job.spec?.ttlSecondsAfterFinished;
  const endedAt = endOfJob(job)?.lastTransitionTime;
  if (seconds === undefined || endedAt === undefined || job.metadata?.deletionTimestamp !== undefined) return undefined;
  return Math.max(0, Date.parse(endedAt) + seconds * 1000 - nowMs);
}

/** Deletes Jobs that ended long enough ago, their pods first. */
export function startJobTtl(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const loop = startReconcileLoop({
    ...context,
    name: 'ttl-after-finished',
    reconcile: async (key) => {
      const at = parseKey(key);
      const job = await orIfNotFound(api.get<Job & KubeObject>(RESOURCES.jobs, at), undefined);
      const waitMs = job === undefined ? undefined : ttlInMs(job, clock.now());
      if (job === undefined || waitMs === undefined) return undefined;
      if (waitMs > 0) return { againAfterMs: waitMs };
      const { uid = '', resourceVersion = '' } = job.metadata;
      const preconditions = { uid, resourceVersion };
      await ignoreNotFound(api.delete(RESOURCES.jobs, at, { propagationPolicy: 'Foreground', preconditions }));
      return undefined;
    },
  });
  context.watch<Job & KubeObject>(RESOURCES.jobs, ({ type, object }) => {
    if (type !== 'deleted' && endOfJob(object) !== undefined) loop.enqueue(keyOf(object));
  });
  return loop;
}
