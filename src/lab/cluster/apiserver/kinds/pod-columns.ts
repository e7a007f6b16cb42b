import type { KubeObject, PodStatus, PodSpec } from '#kube';
import { AGE_COLUMN, ageOf, column, NAME_COLUMN } from './columns.ts';
import type { Column } from './kind.ts';

type ContainerStatuses = NonNullable<PodStatus['containerStatuses']>;

function statusOf(pod: KubeObject): PodStatus {
  return (pod['status'] ?? {}) as PodStatus;
}

function specOf(pod: KubeObject): PodSpec {
  return (pod['spec'] ?? { containers: [] }) as PodSpec;
}

/** The word that `kubectl get pods` shows for a pod's state (pkg/printers/internalversion printPod). */
export function podState(pod: KubeObject): string {
  const status = statusOf(pod);
  const spec = specOf(pod);
  let reason = status.reason ?? status.phase ?? 'Unknown';
  const initState = initContainerState(status.initContainerStatuses ?? [], (spec.initContainers ?? []).length);
  if (initState !== undefined) {
    reason = initState;
  } else {
    let hasRunning = false;
    for (const { state = {}, ready } of [...(status.containerStatuses ?? [])].reverse()) {
      if (state.waiting?.reason) reason = state.waiting.reason;
      else if (state.terminated) reason = state.terminated.reason || exitText(state.terminated);
      else if (ready && state.running) hasRunning = true;
    }
    if (reason === 'Completed' && hasRunning) {
      const ready = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
      reason = ready ? 'Running' : 'NotReady';
    }
  }
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  return status.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
}

function initContainerState(statuses: ContainerStatuses, count: number): string | undefined {
  for (const [index, { state = {} }] of statuses.entries()) {
    if (state.terminated?.exitCode === 0) continue;
    if (state.terminated) return `Init:${state.terminated.reason || exitText(state.terminated)}`;
    const waiting = state.waiting?.reason;
    if (waiting && waiting !== 'PodInitializing') return `Init:${waiting}`;
    return `Init:${index}/${count}`;
  }
  return undefined;
}

function exitText({ signal, exitCode }: { readonly signal?: number; readonly exitCode: number }): string {
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function readyCount(pod: KubeObject): string {
  const ready = (statusOf(pod).containerStatuses ?? []).filter((container) => container.ready).length;
  return `${ready}/${specOf(pod).containers.length}`;
}

function restarts(pod: KubeObject, nowMs: number): string {
  const status = statusOf(pod);
  const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  const count = (status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
  if (count === 0) return '0';
  const ends = statuses.map(({ lastState }) => lastState?.terminated?.finishedAt).filter((end) => end !== undefined);
  const latest = ends.sort().at(-1);
  return latest === undefined ? String(count) : `${count} (${ageOf(latest, nowMs)} ago)`;
}

/** What `kubectl get pods` shows. */
export const POD_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Ready', readyCount),
  column('Status', podState),
  column('Restarts', restarts),
  AGE_COLUMN,
  column('IP', (pod) => statusOf(pod).podIP || '<none>', { wide: true }),
  column('Node', (pod) => specOf(pod).nodeName || '<none>', { wide: true }),
  column('Nominated Node', (pod) => statusOf(pod).nominatedNodeName || '<none>', { wide: true }),
  column('Readiness Gates', (pod) => readinessGates(pod), { wide: true }),
];

function readinessGates(pod: KubeObject): string {
  const gates = specOf(pod).readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const conditions = statusOf(pod).conditions ?? [];
  const met = gates.filter(({ conditionType }) =>
    conditions.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  return `${met.length}/${gates.length}`;
}
