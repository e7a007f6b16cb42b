import type { ControllerRevision } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '#kube';
import { canonicalJson, sameJson } from '../reconcile/json.ts';
import { controllerReference } from './ownership.ts';
import { templateHash } from './template-hash.ts';

/** On pods and revisions of a DaemonSet the hash of the template; on pods of a StatefulSet the name of the revision. */
export const REVISION_HASH = 'controller-revision-hash';
/** On revisions of a StatefulSet: the hash. */
const STATEFULSET_HASH = 'controller.kubernetes.io/hash';

/** A DaemonSet or StatefulSet, as far as its revisions go. */
export interface RevisionOwner extends KubeObject {
  readonly spec?: { readonly template?: PodTemplateSpec; readonly revisionHistoryLimit?: number } | undefined;
  readonly status?: { readonly collisionCount?: number } | undefined;
}

/**
 * The templates that a workload has had. `kubectl rollout undo` applies `data` of one to the workload as a strategic
 * merge patch, for which it says that the template is replaced as a whole.
 */
export interface RevisionPlan {
  /** The revision of the present template: to be created, to be given a new number, or as it is. */
  readonly update: ControllerRevision;
  readonly change: 'create' | 'renumber' | 'none';
}

/** By number, and those of the same number by age. */
export function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  const age = ({ metadata }: ControllerRevision) => `${metadata?.creationTimestamp ?? ''} ${metadata?.name ?? ''}`;
  return a.revision - b.revision || (age(a) < age(b) ? -1 : 1);
}

/** What a revision of the template keeps. */
export function revisionData(template: PodTemplateSpec | undefined): Readonly<Record<string, unknown>> {
  return { spec: { template: { ...template, $patch: 'replace' } } };
}

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const data = revision.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined;
  const { $patch: _directive, ...template } = data?.spec?.template ?? {};
  return template;
}

/** Finds the revision of the present template among the present ones, or makes one; it gets the highest number. */
export function planRevision(owner: RevisionOwner, revisions: readonly ControllerRevision[]): RevisionPlan {
  const sorted = [...revisions].sort(byRevision);
  const data = revisionData(owner.spec?.template);
  const equal = sorted.filter((revision) => sameJson(revision.data, data)).at(-1);
  const highest = Math.max(0, ...sorted.filter((one) => one !== equal).map(({ revision }) => revision));
  if (equal === undefined) return { update: newRevision(owner, data, highest + 1), change: 'create' };
  if (equal.revision > highest) return { update: equal, change: 'none' };
  return { update: { ...equal, revision: highest + 1 }, change: 'renumber' };
}

function newRevision(owner: RevisionOwner, data: unknown, revision: number): ControllerRevision {
  const { name = '', namespace, uid = '', annotations } = owner.metadata;
  const hash = templateHash(canonicalJson(data), owner.status?.collisionCount ?? 0);
  const label = owner.kind === 'StatefulSet' ? STATEFULSET_HASH : REVISION_HASH;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...owner.spec?.template?.metadata?.labels, [label]: hash },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference({ apiVersion: 'apps/v1', kind: owner.kind, name, uid })],
    },
    data: data as NonNullable<ControllerRevision['data']>,
    revision,
  };
}

/** The hash in a revision's labels. */
export function hashOf({ metadata }: ControllerRevision): string {
  return metadata?.labels?.[REVISION_HASH] ?? metadata?.labels?.[STATEFULSET_HASH] ?? '';
}

/** The oldest revisions beyond revisionHistoryLimit, without those in use. */
export function planRevisionCleanup(
  owner: RevisionOwner,
  revisions: readonly ControllerRevision[],
  isUsed: (revision: ControllerRevision) => boolean,
): readonly ControllerRevision[] {
  const unused = [...revisions].sort(byRevision).filter((revision) => !isUsed(revision));
  return unused.slice(0, Math.max(0, unused.length - (owner.spec?.revisionHistoryLimit ?? 10)));
}
