import type { Job } from 'kubernetes-types/batch/v1.js';
import type { KubeObject, Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { applyClaims, claimOwner } from '../workloads/claims.ts';
import { controllerOf } from '../workloads/ownership.ts';
import { createPodControl } from '../workloads/pod-control.ts';
import { watchWorkload } from '../workloads/watch-workload.ts';
import { JOB_TRACKING, planJobPod } from './job-pods.ts';
import { planJob } from './job-plan.ts';
import { isTracked } from './job-tally.ts';

type StoredJob = Job & KubeObject;

/** Runs the pods of each Job to its end, and counts them. */
export function startJobController(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const events = context.eventsOf('job-controller');
  const control = createPodControl(context, events);

  const release = async ({ metadata }: Pod): Promise<void> => {
    const { namespace, name = '', resourceVersion, finalizers = [] } = metadata ?? {};
    const left = finalizers.filter((finalizer) => finalizer !== JOB_TRACKING);
    const body = { metadata: { resourceVersion, finalizers: left } };
    await ignoreNotFound(api.patch(RESOURCES.pods, { namespace, name }, 'merge', body));
  };

  const podsOf = (job: StoredJob) =>
    applyClaims<Pod>({
      api,
      resource: RESOURCES.pods,
      namespace: job.metadata.namespace ?? '',
      owner: claimOwner('batch/v1', 'Job', job),
    });

  const loop = startReconcileLoop({
    ...context,
    name: 'job',
    reconcile: async (key) => {
      const { namespace = '', name } = parseKey(key);
      const job = await orIfNotFound(api.get<StoredJob>(RESOURCES.jobs, { namespace, name }), undefined);
      const { items } = await api.list<Pod & KubeObject>(RESOURCES.pods, { namespace });
      for (const pod of items) if (isStray(pod, name, job?.metadata.uid)) await release(pod);
      // A Job may be another controller's (KEP-4368).
      if (job === undefined || (job.spec?.managedBy ?? BUILT_IN) !== BUILT_IN) return undefined;
      const plan = planJob(job, await podsOf(job), clock.now());
      if (!sameJson(plan.status, job.status)) {
        const update = api.update(RESOURCES.jobs, { namespace, name }, { ...job, status: plan.status }, 'status');
        if ((await orIfNotFound(update, undefined)) === undefined) return undefined;
      }
      for (const event of plan.events) await events.record(job, event);
      for (const pod of plan.release) await release(pod);
      for (const pod of plan.remove) await control.delete(job, pod);
      for (const request of plan.create) await control.create(job, planJobPod(job, request));
      return plan.againAfterMs === undefined ? undefined : { againAfterMs: plan.againAfterMs };
    },
  });
  watchWorkload<Job>(context, loop, {
    kind: 'Job',
    resource: RESOURCES.jobs,
    dependents: RESOURCES.pods,
    selectorOf: ({ spec }) => spec?.selector,
  });
  return loop;
}

const BUILT_IN = 'kubernetes.io/job-controller';

/** Whether the pod waits for a Job of this name that is gone: nobody will count it, and the finalizer would keep it. */
function isStray(pod: Pod, name: string, uid: string | undefined): boolean {
  if (!isTracked(pod)) return false;
  const owner = controllerOf(pod.metadata);
  if (owner === undefined) return pod.metadata?.labels?.['batch.kubernetes.io/job-name'] === name;
  return owner.kind === 'Job' && owner.name === name && owner.uid !== uid;
}
