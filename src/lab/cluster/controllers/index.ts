import { createDisposeStack, type Clock, type Log, type Random } from '#base';
import type { ApiAccess } from '../api-access.ts';
import { createControllerContext } from './context.ts';
import { startDeploymentController } from './deployment.ts';
import { startEventExpiry } from './event-expiry.ts';
import { startGarbageCollector } from './garbage-collector.ts';
import { startKindCatalog, type ServedKind } from './kinds.ts';
import { ensureSystemNamespaces, startNamespaceController } from './namespace.ts';
import {
  createNamespaceContent,
  DEFAULT_SERVICE_ACCOUNT,
  rootCaConfigMap,
  startNamespaceContentController,
} from './namespace-content.ts';
import { SYSTEM_NAMESPACES } from './namespace-plan.ts';
import { startPodGc } from './pod-gc.ts';
import { startReplicaSetController } from './replicaset.ts';
import { startScheduler } from './scheduler.ts';

export type { ServedKind } from './kinds.ts';

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
  stack.use(startScheduler(context));
  stack.use(startGarbageCollector(context, catalog));
  stack.use(startPodGc(context));
  stack.use(startEventExpiry(context));
  return { [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}
