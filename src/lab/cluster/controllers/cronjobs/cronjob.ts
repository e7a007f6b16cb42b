import { errorText } from '#base';
import type { CronJob, CronJobStatus } from 'kubernetes-types/batch/v1.js';
import type { KubeObject } from '#kube';
import { ApiError } from '../../api-access.ts';
import { RESOURCES } from '../../resources.ts';
import { ignoreNotFound, isAlreadyExists, isNamespaceTerminating, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { controllerOf } from '../workloads/ownership.ts';
import { referenceTo, type StoredJob } from './cronjob-books.ts';
import { planCronJob, type ScheduledJob } from './cronjob-plan.ts';

type StoredCronJob = CronJob & KubeObject;

/** Creates the Jobs of each CronJob when they are due, and keeps its history short. */
export function startCronJobController(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const events = context.eventsOf('cronjob-controller');

  const remove = async (cronJob: StoredCronJob, { metadata }: StoredJob): Promise<void> => {
    const { namespace, name = '', uid = '' } = metadata;
    const request = { propagationPolicy: 'Background', preconditions: { uid } } as const;
    await ignoreNotFound(api.delete(RESOURCES.jobs, { namespace, name }, request));
    await events.record(cronJob, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted job ${name}` });
  };

  /** Answers what the status says after it. */
  const create = async (
    cronJob: StoredCronJob,
    { job, scheduleTime }: ScheduledJob,
    status: CronJobStatus,
  ): Promise<CronJobStatus> => {
    const { namespace, name = '' } = job.metadata ?? {};
    try {
      const created = await api.create<StoredJob>(RESOURCES.jobs, namespace, job);
      await events.record(cronJob, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created job ${name}` });
      return { ...status, active: [...(status.active ?? []), referenceTo(created)], lastScheduleTime: scheduleTime };
    } catch (error) {
      if (isNamespaceTerminating(error)) return status;
      // Created before, but the status could not be written.
      if (isAlreadyExists(error)) return { ...status, lastScheduleTime: scheduleTime };
      if (error instanceof ApiError) {
        const message = `Error creating job: ${errorText(error)}`;
        await events.record(cronJob, { type: 'Warning', reason: 'FailedCreate', message });
      }
      throw error;
    }
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'cronjob',
    reconcile: async (key) => {
      const { namespace = '', name } = parseKey(key);
      const cronJob = await orIfNotFound(api.get<StoredCronJob>(RESOURCES.cronJobs, { namespace, name }), undefined);
      if (cronJob === undefined) return undefined;
      const { items } = await api.list<StoredJob>(RESOURCES.jobs, { namespace });
      const jobs = items.filter(({ metadata }) => controllerOf(metadata)?.uid === cronJob.metadata.uid);
      const plan = planCronJob(cronJob, jobs, clock.now());
      for (const job of plan.remove) await remove(cronJob, job);
      const status = plan.create === undefined ? plan.status : await create(cronJob, plan.create, plan.status);
      if (!sameJson(status, cronJob.status)) {
        const update = api.update(RESOURCES.cronJobs, { namespace, name }, { ...cronJob, status }, 'status');
        await ignoreNotFound(update);
      }
      for (const event of plan.events) await events.record(cronJob, event);
      return plan.againAfterMs === undefined ? undefined : { againAfterMs: plan.againAfterMs };
    },
  });
  context.watch(RESOURCES.cronJobs, ({ object }) => {
    loop.enqueue(keyOf(object));
  });
  context.watch(RESOURCES.jobs, ({ object }) => {
    const owner = controllerOf(object.metadata);
    if (owner?.kind === 'CronJob') loop.enqueue(`${object.metadata.namespace ?? ''}/${owner.name}`);
  });
  return loop;
}
