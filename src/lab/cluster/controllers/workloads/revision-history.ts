import type { ControllerRevision } from 'kubernetes-types/apps/v1.js';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import type { KubeObject, ResourceRef } from '#kube';
import type { ApiAccess } from '../../api-access.ts';
import { RESOURCES } from '../../resources.ts';
import { ignoreNotFound, isAlreadyExists, isNamespaceTerminating } from '../reconcile/api-errors.ts';
import { sameJson } from '../reconcile/json.ts';
import { applyClaims } from './claims.ts';
import { controllerOf } from './ownership.ts';
import { byRevision, planRevision, planRevisionCleanup, type RevisionOwner } from './revisions.ts';

/** The revisions of a workload, oldest first, and the one of its present template. */
export interface RevisionHistory {
  readonly update: ControllerRevision;
  readonly all: readonly ControllerRevision[];
}

/** The workload whose revisions are kept. */
export interface RevisionRequest {
  readonly api: ApiAccess;
  /** The resource of the owner. */
  readonly resource: ResourceRef;
  readonly owner: RevisionOwner;
  readonly selector: LabelSelector | undefined;
}

/**
 * Reads the revisions of a workload and sees to it that there is one of its present template with the highest number.
 * Undefined when there is nothing to go on with now: the namespace ends, or the name of the revision was another
 * template's, in which case the owner's collisionCount was raised.
 */
export async function syncRevisions(request: RevisionRequest): Promise<RevisionHistory | undefined> {
  const { api, resource, owner, selector } = request;
  const { namespace = '', name = '', uid = '', deletionTimestamp } = owner.metadata;
  const present = await applyClaims<ControllerRevision & KubeObject>({
    api,
    resource: RESOURCES.controllerRevisions,
    namespace,
    owner: {
      apiVersion: 'apps/v1',
      kind: owner.kind,
      name,
      uid,
      deleting: deletionTimestamp !== undefined,
      selector,
    },
  });
  const { update, change } = planRevision(owner, present);
  const others = present.filter(({ metadata }) => metadata.name !== update.metadata?.name);
  const history = (written: ControllerRevision) => ({ update: written, all: [...others, written].sort(byRevision) });
  const key = { namespace, name: update.metadata?.name ?? '' };
  if (change === 'none' || deletionTimestamp !== undefined) return history(update);
  if (change === 'renumber') {
    const { revision } = update;
    const body = { revision };
    return history(await api.patch<ControllerRevision & KubeObject>(RESOURCES.controllerRevisions, key, 'merge', body));
  }
  try {
    return history(await api.create<ControllerRevision & KubeObject>(RESOURCES.controllerRevisions, namespace, update));
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined;
    if (!isAlreadyExists(error)) throw error;
    const taken = await api.get<ControllerRevision & KubeObject>(RESOURCES.controllerRevisions, key);
    if (controllerOf(taken.metadata)?.uid === uid && sameJson(taken.data, update.data)) return history(taken);
    const status = { ...owner.status, collisionCount: (owner.status?.collisionCount ?? 0) + 1 };
    await api.update(resource, { namespace, name }, { ...owner, status }, 'status');
    return undefined;
  }
}

/** Deletes old revisions beyond the owner's revisionHistoryLimit. */
export async function trimRevisions(
  api: ApiAccess,
  owner: RevisionOwner,
  revisions: readonly ControllerRevision[],
  isUsed: (revision: ControllerRevision) => boolean,
): Promise<void> {
  for (const { metadata } of planRevisionCleanup(owner, revisions, isUsed)) {
    const { namespace, name = '' } = metadata ?? {};
    await ignoreNotFound(api.delete(RESOURCES.controllerRevisions, { namespace, name }));
  }
}
