import type { KubeObject, StatusBody } from '#kube';
import type { DeleteRequest, KubeList, ListQuery } from '../../api-access.ts';
import { checkMayBeDeleted } from '../admission/namespace-lifecycle.ts';
import { listOf, recordOf } from '../json.ts';
import type { Kind } from '../kinds/kind.ts';
import { conflict } from '../status-errors.ts';
import { rfc3339 } from '../time.ts';
import { requireObject, type ApiContext, type Target } from './context.ts';
import { listObjects } from './read.ts';
import { fromStored, toStored } from './versions.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** Deletes the object, or marks it as being deleted when finalizers or a grace period keep it. Answers what a client gets. */
export function deleteObject(
  context: ApiContext,
  target: Target,
  request: DeleteRequest & { readonly dryRun?: boolean },
): KubeObject | StatusBody {
  const { kind } = target;
  checkMayBeDeleted(target);
  const live = requireObject(context, target);
  checkPreconditions(target, live, request);
  const finalizers = withPolicy(live.metadata.finalizers ?? [], request.propagationPolicy);
  const graceSeconds = kind.strategy.graceSeconds?.(live, request.gracePeriodSeconds) ?? 0;
  const marked = markDeleted(context, live, graceSeconds, finalizers);
  if (isGone(kind, marked)) {
    if (request.dryRun !== true) context.storage.remove(kind.collection, target.namespace, target.name);
    return deletedStatus(target, live);
  }
  if (request.dryRun === true) return marked;
  if (live.metadata.deletionTimestamp !== undefined && JSON.stringify(live) === JSON.stringify(marked)) return live;
  return fromStored(kind, context.storage.put(kind.collection, toStored(kind, marked)));
}

/** Deletes everything that the query selects and answers what it was. */
export function deleteCollection(
  context: ApiContext,
  kind: Kind,
  query: ListQuery,
  request: DeleteRequest & { readonly dryRun?: boolean },
): KubeList {
  const selected = listObjects(context, kind, query);
  for (const { metadata } of selected.items) {
    deleteObject(context, { kind, namespace: metadata.namespace, name: metadata.name ?? '' }, request);
  }
  return selected;
}

function checkPreconditions(target: Target, live: KubeObject, { preconditions }: DeleteRequest): void {
  const { uid, resourceVersion } = preconditions ?? {};
  // rest.BeforeDelete names the kind where other conflicts name the resource
  const object = { group: target.kind.group, resource: target.kind.kind };
  if (uid !== undefined && uid !== live.metadata.uid) {
    throw conflict(
      object,
      target.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${live.metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion) {
    throw conflict(
      object,
      target.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${live.metadata.resourceVersion ?? ''}). The object might have been modified`,
    );
  }
}

function withPolicy(finalizers: readonly string[], policy: DeleteRequest['propagationPolicy']): readonly string[] {
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((name) => name !== FOREGROUND && name !== ORPHAN);
  if (policy === 'Foreground') return [...others, FOREGROUND];
  return policy === 'Orphan' ? [...others, ORPHAN] : others;
}

function markDeleted(
  context: ApiContext,
  live: KubeObject,
  graceSeconds: number,
  finalizers: readonly string[],
): KubeObject {
  const { finalizers: _finalizers, ...metadata } = live.metadata;
  const { deletionGracePeriodSeconds: before } = live.metadata;
  const deadlineMs = context.clock.now() + graceSeconds * 1000;
  // a second deletion may only make the grace period shorter
  const shortens = before === undefined || graceSeconds < before;
  const timing = shortens
    ? { deletionTimestamp: rfc3339(deadlineMs), deletionGracePeriodSeconds: graceSeconds }
    : { deletionTimestamp: live.metadata.deletionTimestamp ?? rfc3339(deadlineMs), deletionGracePeriodSeconds: before };
  const marked: KubeObject = {
    ...live,
    metadata: { ...metadata, ...timing, ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }) },
  };
  if (live.kind !== 'Namespace' || live.apiVersion !== 'v1') return marked;
  return { ...marked, status: { ...recordOf(live['status']), phase: 'Terminating' } };
}

/** Whether an object that is marked as deleted has nothing left that keeps it. */
export function isGone(kind: Kind, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0) return false;
  const isNamespace = kind.kind === 'Namespace' && kind.group === '';
  return !isNamespace || listOf(recordOf(object['spec'])['finalizers']).length === 0;
}

function deletedStatus({ kind }: Target, live: KubeObject): StatusBody {
  return {
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Success',
    details: {
      name: live.metadata.name,
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.resource,
      uid: live.metadata.uid,
    },
  };
}
