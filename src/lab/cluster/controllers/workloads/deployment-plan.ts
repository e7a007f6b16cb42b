import type { ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { controllerReference } from './ownership.ts';
import {
  allReplicaSets,
  byAge,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  replicasOf,
  revisionOf,
  REVISION,
  rollingLimits,
  totalAvailable,
  totalReplicas,
  type Rollout,
} from './rollout.ts';
import { POD_TEMPLATE_HASH, podTemplateHash } from './template-hash.ts';

/** Give a ReplicaSet another number of replicas. */
export interface ScaleStep {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

/** The next step of a Deployment; after it the world is looked at anew. */
export type DeploymentStep =
  | { readonly kind: 'create'; readonly replicaSet: ReplicaSet }
  | { readonly kind: 'scale'; readonly scales: readonly ScaleStep[] }
  /** Nothing to do but to wait for pods. */
  | { readonly kind: 'wait' };

/** What {@link planDeploymentStep} looks at. */
export interface DeploymentView extends Rollout {
  /** Whether pods of older templates still run (Recreate waits for their end). */
  readonly oldPodsRun: boolean;
}

/** The next step towards what the Deployment asks for. */
export function planDeploymentStep(view: DeploymentView): DeploymentStep {
  const { deployment } = view;
  if (deployment.metadata?.deletionTimestamp !== undefined) return { kind: 'wait' };
  if (deployment.spec?.paused === true || wasScaled(view)) return scaleOrWait(planScale(view));
  return deployment.spec?.strategy?.type === 'Recreate' ? planRecreate(view) : planRollingUpdate(view);
}

function scaleOrWait(scales: readonly ScaleStep[]): DeploymentStep {
  return scales.length === 0 ? { kind: 'wait' } : { kind: 'scale', scales };
}

/** Whether the Deployment's replicas changed since its ReplicaSets were last scaled. */
function wasScaled(rollout: Rollout): boolean {
  const wanted = String(replicasOf(rollout.deployment));
  return allReplicaSets(rollout).some((replicaSet) => {
    const noted = replicaSet.metadata?.annotations?.[DESIRED_REPLICAS];
    return replicasOf(replicaSet) > 0 && noted !== undefined && noted !== wanted;
  });
}

function planRecreate(view: DeploymentView): DeploymentStep {
  const running = view.old.filter((replicaSet) => replicasOf(replicaSet) > 0);
  if (running.length > 0) return scaleOrWait(running.map((replicaSet) => ({ replicaSet, replicas: 0 })));
  if (view.oldPodsRun) return { kind: 'wait' };
  if (view.current === undefined) return { kind: 'create', replicaSet: planReplicaSet(view) };
  return scaleOrWait(changed({ replicaSet: view.current, replicas: replicasOf(view.deployment) }));
}

function planRollingUpdate(rollout: Rollout): DeploymentStep {
  if (rollout.current === undefined) return { kind: 'create', replicaSet: planReplicaSet(rollout) };
  const growth = changed({ replicaSet: rollout.current, replicas: currentReplicas(rollout) });
  return scaleOrWait(growth.length > 0 ? growth : planShrink(rollout, rollout.current));
}

const changed = (step: ScaleStep): readonly ScaleStep[] =>
  replicasOf(step.replicaSet) === step.replicas ? [] : [step];

/** The replicas that the present template's ReplicaSet may have now: all that surge leaves room for. */
function currentReplicas(rollout: Rollout): number {
  const { deployment, current } = rollout;
  const wanted = replicasOf(deployment);
  const present = current === undefined ? 0 : replicasOf(current);
  if (deployment.spec?.strategy?.type === 'Recreate' || present >= wanted) return wanted;
  const room = wanted + rollingLimits(deployment).maxSurge - totalReplicas(allReplicaSets(rollout));
  return present + Math.max(0, Math.min(room, wanted - present));
}

/** Takes old pods away as far as availability allows: first those that are not available anyway, then others, oldest first. */
function planShrink(rollout: Rollout, current: ReplicaSet): readonly ScaleStep[] {
  const { deployment, old } = rollout;
  const all = allReplicaSets(rollout);
  const minAvailable = replicasOf(deployment) - rollingLimits(deployment).maxUnavailable;
  const currentUnavailable = replicasOf(current) - (current.status?.availableReplicas ?? 0);
  let spare = totalReplicas(all) - minAvailable - currentUnavailable;
  const sizes = new Map(old.map((replicaSet) => [replicaSet, replicasOf(replicaSet)]));
  for (const replicaSet of old) {
    const unavailable = replicasOf(replicaSet) - (replicaSet.status?.availableReplicas ?? 0);
    const cut = Math.max(0, Math.min(spare, unavailable));
    sizes.set(replicaSet, replicasOf(replicaSet) - cut);
    spare -= cut;
  }
  spare = Math.min(spare, totalAvailable(all) - minAvailable);
  for (const replicaSet of old) {
    const size = sizes.get(replicaSet) ?? 0;
    const cut = Math.max(0, Math.min(spare, size));
    sizes.set(replicaSet, size - cut);
    spare -= cut;
  }
  return old.flatMap((replicaSet) => changed({ replicaSet, replicas: sizes.get(replicaSet) ?? 0 }));
}

/** After a change of replicas: one ReplicaSet takes it all; in the middle of a rolling update they share it by size. */
function planScale(rollout: Rollout): readonly ScaleStep[] {
  const { deployment, current, old } = rollout;
  const wanted = replicasOf(deployment);
  const active = allReplicaSets(rollout).filter((replicaSet) => replicasOf(replicaSet) > 0);
  const latest = current ?? old.at(-1);
  if (active.length <= 1) {
    const only = active[0] ?? latest;
    return only === undefined ? [] : noted(rollout, { replicaSet: only, replicas: wanted });
  }
  if (current !== undefined && replicasOf(current) === wanted && (current.status?.availableReplicas ?? 0) >= wanted) {
    return old.flatMap((replicaSet) => changed({ replicaSet, replicas: 0 }));
  }
  return deployment.spec?.strategy?.type === 'Recreate' ? [] : shareBySize(rollout, active);
}

/** Kubernetes' proportional scaling: each ReplicaSet gets its share of the change, the largest what rounding leaves. */
function shareBySize(rollout: Rollout, active: readonly ReplicaSet[]): readonly ScaleStep[] {
  const wanted = replicasOf(rollout.deployment);
  const allowed = wanted === 0 ? 0 : wanted + rollingLimits(rollout.deployment).maxSurge;
  const toAdd = allowed - totalReplicas(active);
  const newerFirst = toAdd > 0 ? -1 : 1;
  const sorted = [...active].sort((a, b) => replicasOf(b) - replicasOf(a) || newerFirst * byAge(a, b));
  let added = 0;
  const sizes = sorted.map((replicaSet) => {
    const size = replicasOf(replicaSet);
    const before = Number(replicaSet.metadata?.annotations?.[MAX_REPLICAS]) || totalReplicas(active);
    const share = wanted === 0 ? -size : Math.round((size * allowed) / before) - size;
    const part = toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
    added += toAdd === 0 ? 0 : part;
    return toAdd === 0 ? size : size + part;
  });
  return sorted.flatMap((replicaSet, index) => {
    const leftover = index === 0 ? toAdd - added : 0;
    return noted(rollout, { replicaSet, replicas: Math.max(0, (sizes[index] ?? 0) + leftover) });
  });
}

/** A step that is also needed when only the note of the Deployment's replicas is out of date. */
function noted(rollout: Rollout, step: ScaleStep): readonly ScaleStep[] {
  const upToDate = Object.entries(scaleAnnotations(rollout)).every(
    ([key, value]) => step.replicaSet.metadata?.annotations?.[key] === value,
  );
  return upToDate ? changed(step) : [step];
}

/** The annotations that a ReplicaSet gets when it is scaled. */
export function scaleAnnotations({ deployment }: Rollout): Readonly<Record<string, string>> {
  const replicas = replicasOf(deployment);
  return {
    [DESIRED_REPLICAS]: String(replicas),
    [MAX_REPLICAS]: String(replicas + rollingLimits(deployment).maxSurge),
  };
}

// What belongs to the Deployment alone and is not handed down to its ReplicaSets.
const OWN_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

/** The annotations that a Deployment hands down, and the revision of its present template. */
export function currentAnnotations(rollout: Rollout): Readonly<Record<string, string>> {
  const handed = Object.entries(rollout.deployment.metadata?.annotations ?? {}).filter(
    ([key]) => !OWN_ANNOTATIONS.has(key),
  );
  const newest = Math.max(0, ...rollout.old.map(revisionOf));
  const revision = Math.max(revisionOf(rollout.current), newest + 1);
  return { ...Object.fromEntries(handed), [REVISION]: String(revision) };
}

/** The ReplicaSet of the present template. */
export function planReplicaSet(rollout: Rollout): ReplicaSet {
  const { deployment } = rollout;
  const { metadata = {}, spec } = deployment;
  const { name = '', namespace, uid = '' } = metadata;
  const template = spec?.template ?? {};
  const hash = podTemplateHash(template, deployment.status?.collisionCount ?? 0);
  const labels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: { ...currentAnnotations(rollout), ...scaleAnnotations(rollout) },
      ownerReferences: [controllerReference({ apiVersion: 'apps/v1', kind: 'Deployment', name, uid })],
    },
    spec: {
      replicas: currentReplicas(rollout),
      ...(spec?.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: {
        ...spec?.selector,
        matchLabels: { ...spec?.selector.matchLabels, [POD_TEMPLATE_HASH]: hash },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Old ReplicaSets beyond the history limit that have nothing left, oldest revision first. */
export function planHistoryCleanup(rollout: Rollout): readonly ReplicaSet[] {
  const limit = rollout.deployment.spec?.revisionHistoryLimit ?? 10;
  const alive = rollout.old.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  return [...alive]
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, Math.max(0, alive.length - limit))
    .filter((replicaSet) => {
      const seen = (replicaSet.status?.observedGeneration ?? 0) >= (replicaSet.metadata?.generation ?? 0);
      return seen && replicasOf(replicaSet) === 0 && (replicaSet.status?.replicas ?? 0) === 0;
    });
}
