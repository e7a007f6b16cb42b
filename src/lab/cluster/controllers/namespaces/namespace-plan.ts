import type { Namespace, NamespaceCondition } from 'kubernetes-types/core/v1.js';
import { wireTime } from '../reconcile/wire-time.ts';

/** The namespaces that every cluster has. */
export const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

/** What is left in a namespace that is being deleted. */
export interface RemainingContent {
  /** Such as `pods.` (the core group's name is empty) or `secretproviderclasses.secrets-store.csi.x-k8s.io`. */
  readonly resource: string;
  readonly count: number;
  /** The finalizers that hold some of them. */
  readonly finalizers: readonly string[];
}

/** The conditions that tell a person why a namespace stays in Terminating, in the words of Kubernetes. */
export function planNamespaceConditions(
  namespace: Namespace,
  remaining: readonly RemainingContent[],
  nowMs: number,
): readonly NamespaceCondition[] {
  const content = remaining.map(({ resource, count }) => `${resource} has ${count} resource instances`).sort();
  const holders = new Map<string, number>();
  for (const { finalizers } of remaining) {
    for (const name of finalizers) holders.set(name, (holders.get(name) ?? 0) + 1);
  }
  const held = [...holders].map(([name, count]) => `${name} in ${count} resource instances`).sort();
  const texts: readonly Omit<NamespaceCondition, 'lastTransitionTime'>[] = [
    content.length > 0
      ? {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${content.join(', ')}`,
        }
      : {
          type: 'NamespaceContentRemaining',
          status: 'False',
          reason: 'ContentRemoved',
          message: 'All content successfully removed',
        },
    held.length > 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${held.join(', ')}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
  ];
  const time = wireTime(nowMs);
  return texts.map((text) => {
    const before = namespace.status?.conditions?.find(({ type }) => type === text.type);
    const lastTransitionTime = before?.status === text.status ? (before.lastTransitionTime ?? time) : time;
    return { ...text, lastTransitionTime };
  });
}
