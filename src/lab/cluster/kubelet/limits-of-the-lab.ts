import type { Pod } from '#kube';
import type { ContainerRuntime } from '../runtime/index.ts';
import type { PodEvent } from './events.ts';

/** Events that say what the lab does not do with a pod though its spec asks for it. */
export function limitEvents(pod: Pod, runtime: Pick<ContainerRuntime, 'canChangeUser'>): PodEvent[] {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const ignored = new Set<string>();
  for (const container of containers) {
    if (container.resources?.limits !== undefined) ignored.add('resources.limits');
  }
  if (pod.spec?.shareProcessNamespace === true) ignored.add('shareProcessNamespace');
  const events: PodEvent[] = [];
  if (ignored.size > 0) {
    const message = `Accepted, but without effect in the lab: ${[...ignored].sort().join(', ')}.`;
    events.push({ type: 'Normal', reason: 'LabIgnoresFields', message });
  }
  const users = [pod.spec?.securityContext, ...containers.map(({ securityContext }) => securityContext)];
  const wantsUser = users.some((security) => (security?.runAsUser ?? 0) !== 0 || (security?.runAsGroup ?? 0) !== 0);
  if (!runtime.canChangeUser && (wantsUser || pod.spec?.securityContext?.fsGroup !== undefined)) {
    const message =
      'runAsUser, runAsGroup and fsGroup have no effect: the lab runs without root, where only one user exists.';
    events.push({ type: 'Warning', reason: 'LabIgnoresFields', message });
  }
  return events;
}
