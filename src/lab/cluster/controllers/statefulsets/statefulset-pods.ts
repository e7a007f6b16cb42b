import type { ControllerRevision, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { KubeObject, Pod } from '#kube';
import { controllerReference, type Claimable } from '../workloads/ownership.ts';
import { podOfTemplate, type PodBody } from '../workloads/pod-template.ts';
import { REVISION_HASH, templateOf } from '../workloads/revisions.ts';

const POD_NAME = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX = 'apps.kubernetes.io/pod-index';

/** The first ordinal, and the one after the last. */
export function ordinalsOf({ spec }: StatefulSet): { readonly start: number; readonly end: number } {
  const start = spec?.ordinals?.start ?? 0;
  return { start, end: start + (spec?.replicas ?? 1) };
}

/** The ordinal in a pod's name; undefined when the name is not one of the set's. */
export function ordinalOf(set: StatefulSet, pod: Claimable): number | undefined {
  const name = pod.metadata?.name ?? '';
  const dash = name.lastIndexOf('-');
  const digits = name.slice(dash + 1);
  return name.slice(0, dash) === set.metadata?.name && /^\d+$/.test(digits) ? Number(digits) : undefined;
}

/** The name of the revision that a pod was made of. */
export const revisionNameOf = (pod: Pod): string | undefined => pod.metadata?.labels?.[REVISION_HASH];

/** The name of the claim that a template makes for an ordinal. */
export function claimName(template: PersistentVolumeClaim, set: StatefulSet, ordinal: number): string {
  return `${template.metadata?.name ?? ''}-${set.metadata?.name ?? ''}-${ordinal}`;
}

/** The pod of an ordinal in a revision: its name, host name and labels tell who it is, its volumes are its claims. */
export function planStatefulPod(set: StatefulSet & KubeObject, revision: ControllerRevision, ordinal: number): PodBody {
  const { name: setName = '', uid = '' } = set.metadata;
  const name = `${setName}-${ordinal}`;
  const pod = podOfTemplate(templateOf(revision), {
    name,
    labels: { [POD_NAME]: name, [POD_INDEX]: String(ordinal), [REVISION_HASH]: revision.metadata?.name ?? '' },
    owner: controllerReference({ apiVersion: 'apps/v1', kind: 'StatefulSet', name: setName, uid }),
  });
  if (pod.spec === undefined) return pod;
  const claims = (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata?.name ?? '',
    persistentVolumeClaim: { claimName: claimName(template, set, ordinal) },
  }));
  const claimed = new Set(claims.map((volume) => volume.name));
  const others = (pod.spec.volumes ?? []).filter((volume) => !claimed.has(volume.name));
  const volumes = [...others, ...claims];
  const subdomain = set.spec?.serviceName;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      hostname: name,
      ...(subdomain ? { subdomain } : {}),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** The claims of an ordinal. They outlive pod and set (persistentVolumeClaimRetentionPolicy Retain). */
export function planClaims(set: StatefulSet & KubeObject, ordinal: number): readonly PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(template, set, ordinal),
      ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
    },
    ...(template.spec === undefined ? {} : { spec: template.spec }),
  }));
}
