import { createDisposeStack, type Clock, type Log, type Random } from '#base';
import type { ApiAccess } from '../api-access.ts';
import { createControllerContext } from './reconcile/context.ts';
import { startBudgetController } from './disruption/budget.ts';
import { startDaemonSetController } from './daemonsets/daemonset.ts';
import { startCronJobController } from './cronjobs/cronjob.ts';
import { startJobController } from './jobs/job.ts';
import { startJobTtl } from './jobs/job-ttl.ts';
import { startStatefulSetController } from './statefulsets/statefulset.ts';
import { startDeploymentController } from './workloads/deployment.ts';
import { startEventExpiry } from './collection/event-expiry.ts';
import { startGarbageCollector } from './collection/garbage-collector.ts';
import { startKindCatalog, type ServedKind } from './reconcile/kinds.ts';
import { ensureSystemNamespaces, startNamespaceController } from './namespaces/namespace.ts';
import {
  createNamespaceContent,
  DEFAULT_SERVICE_ACCOUNT,
  rootCaConfigMap,
  startNamespaceContentController,
} from './namespaces/namespace-content.ts';
import { SYSTEM_NAMESPACES } from './namespaces/namespace-plan.ts';
import { startPodGc } from './collection/pod-gc.ts';
import { startReplicaSetController } from './workloads/replicaset.ts';
import { ensureStorageClasses, startClaimController, startVolumeController } from './storage/claims.ts';
import { startEndpointsController } from './services/endpoints.ts';
import { startScheduler } from './scheduling/scheduler.ts';
import { startTaintEviction } from './scheduling/taint-eviction.ts';

export type { ServedKind } from './reconcile/kinds.ts';

/** What the controllers need. */
export interface ControllersOptions {
  readonly api: ApiAccess;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The certificate authority that pods know the API server by. */
  readonly caPem: string;
  /** The kinds that the API server serves without CustomResourceDefinitions. */
  readonly builtinKinds: readonly ServedKind[];
}

/**
 * Starts what kube-controller-manager and kube-scheduler are in a cluster. When it returns, the system namespaces and
 * what belongs into them are there. Disposing it stops all controllers and waits for what they were doing.
 */
export async function startControllers(options: ControllersOptions): Promise<AsyncDisposable> {
  const { api, clock, random, log, caPem, builtinKinds } = options;
  const stack = createDisposeStack();
  const context = stack.use(createControllerContext({ api, clock, random, log }));
  const contents = [DEFAULT_SERVICE_ACCOUNT, rootCaConfigMap(caPem)];
  try {
    await ensureSystemNamespaces(context);
    await ensureStorageClasses(context);
    for (const content of contents) {
      for (const namespace of SYSTEM_NAMESPACES) await createNamespaceContent(context, content, namespace);
    }
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
  const catalog = startKindCatalog(context, builtinKinds);
  for (const content of contents) stack.use(startNamespaceContentController(context, content));
  stack.use(startNamespaceController(context, catalog));
  stack.use(startDeploymentController(context));
  stack.use(startReplicaSetController(context));
  stack.use(startStatefulSetController(context));
  stack.use(startDaemonSetController(context));
  stack.use(startJobController(context));
  stack.use(startJobTtl(context));
  stack.use(startCronJobController(context));
  stack.use(startEndpointsController(context));
  stack.use(startBudgetController(context));
  stack.use(startClaimController(context));
  stack.use(startVolumeController(context));
  stack.use(startScheduler(context));
  stack.use(startTaintEviction(context));
  stack.use(startGarbageCollector(context, catalog));
  stack.use(startPodGc(context));
  stack.use(startEventExpiry(context));
  return { [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}
