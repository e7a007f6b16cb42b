import type { KubeObject, ResourceRef } from '#kube';
import { ignoreAlreadyExists, isNamespaceTerminating, isNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { RESOURCES } from '../../resources.ts';

/** An object that every namespace has. */
export interface NamespaceContent {
  /** Names the controller in the log. */
  readonly controller: string;
  readonly resource: ResourceRef;
  /** The object's name. */
  readonly name: string;
  /** The object without its namespace. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether an object of that name is as it should be; otherwise it is patched with the body. */
  readonly isRight: (object: KubeObject) => boolean;
}

/** Creates the object in each namespace that is not being deleted, and again when somebody deletes or changes it. */
export function startNamespaceContentController(context: ControllerContext, content: NamespaceContent): ReconcileLoop {
  const { api } = context;
  const { resource, name, body } = content;
  const present = new Map<string, KubeObject>();
  const alive = new Set<string>();
  const loop = startReconcileLoop({
    ...context,
    name: content.controller,
    reconcile: async (namespace) => {
      if (!alive.has(namespace)) return undefined;
      const object = present.get(namespace);
      if (object === undefined) {
        try {
          await createNamespaceContent(context, content, namespace);
        } catch (error) {
          // The namespace has just gone, and the watch has not told of it yet.
          if (!isNamespaceTerminating(error) && !isNotFound(error)) throw error;
        }
      } else if (!content.isRight(object)) await api.patch(resource, { namespace, name }, 'merge', body);
      return undefined;
    },
  });
  context.watch(RESOURCES.namespaces, ({ type, object }) => {
    const namespace = keyOf(object);
    const lives = type !== 'deleted' && object.metadata.deletionTimestamp === undefined;
    if (lives) alive.add(namespace);
    else alive.delete(namespace);
    if (lives && !present.has(namespace)) loop.enqueue(namespace);
  });
  context.watch(resource, ({ type, object }) => {
    if (object.metadata.name !== name) return;
    const namespace = object.metadata.namespace ?? '';
    if (type === 'deleted') present.delete(namespace);
    else present.set(namespace, object);
    loop.enqueue(namespace);
  });
  return loop;
}

/** Creates the object in one namespace, unless it is there. */
export function createNamespaceContent(
  { api }: Pick<ControllerContext, 'api'>,
  { resource, name, body }: NamespaceContent,
  namespace: string,
): Promise<void> {
  return ignoreAlreadyExists(api.create(resource, namespace, { ...body, metadata: { name, namespace } }));
}

/** The service account `default`, under which pods run that name no other. */
export const DEFAULT_SERVICE_ACCOUNT: NamespaceContent = {
  controller: 'serviceaccount',
  resource: RESOURCES.serviceAccounts,
  name: 'default',
  body: { apiVersion: 'v1', kind: 'ServiceAccount' },
  isRight: () => true,
};

/** The ConfigMap `kube-root-ca.crt`, by which pods know the API server's certificate. */
export function rootCaConfigMap(caPem: string): NamespaceContent {
  return {
    controller: 'root-ca-publisher',
    resource: RESOURCES.configMaps,
    name: 'kube-root-ca.crt',
    body: { apiVersion: 'v1', kind: 'ConfigMap', data: { 'ca.crt': caPem } },
    isRight: (object) => sameJson(object['data'], { 'ca.crt': caPem }),
  };
}
