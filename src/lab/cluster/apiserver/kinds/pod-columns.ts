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

/** The names of the sidecars: init containers that are restarted always. */
function sidecarsOf(pod: KubeObject): ReadonlySet<string> {
  const initContainers: readonly { name: string; restartPolicy?: string }[] = specOf(pod).initContainers ?? [];
  return new Set(initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name));
}

function hasCondition(pod: KubeObject, type: string): boolean {
  return statusOf(pod).conditions?.some((one) => one.type === type && one.status === 'True') === true;
}

/** The word that `kubectl get pods` shows for a pod's state (pkg/printers/internalversion printPod). */
export function podState(pod: KubeObject): string {
  const { metadata } = pod;
  const status = statusOf(pod);
  const isOver = status.phase === 'Succeeded' || status.phase === 'Failed';
  if (metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') return 'Unknown';
    if (!isOver) return 'Terminating';
  }
  const initState = initContainerState(pod);
  const isInitialized = initState === undefined || hasCondition(pod, 'Initialized');
  let reason = initState ?? status.reason ?? status.phase ?? 'Unknown';
  if (status.conditions?.some((one) => one.type === 'PodScheduled' && one.reason === SCHEDULING_GATED) === true) {
    reason = SCHEDULING_GATED;
  }
  if (!isInitialized) return reason;
  let hasRunning = false;
  for (const { state = {}, ready } of [...(status.containerStatuses ?? [])].reverse()) {
    if (state.waiting?.reason) reason = state.waiting.reason;
    else if (state.terminated) reason = state.terminated.reason || exitText(state.terminated);
    else if (ready && state.running) hasRunning = true;
  }
  if (reason === 'Completed' && hasRunning) return hasCondition(pod, 'Ready') ? 'Running' : 'NotReady';
  return reason;
}

const SCHEDULING_GATED = 'SchedulingGated';

/** What holds the initialization up; a sidecar does not once it has started. */
function initContainerState(pod: KubeObject): string | undefined {
  const sidecars = sidecarsOf(pod);
  const count = (specOf(pod).initContainers ?? []).length;
  for (const [index, { name, state = {}, started }] of (statusOf(pod).initContainerStatuses ?? []).entries()) {
    if (state.terminated?.exitCode === 0) continue;
    if (sidecars.has(name) && started === true) continue;
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

/** The containers that are to run for as long as the pod does: sidecars count among them. */
function lastingStatuses(pod: KubeObject): ContainerStatuses {
  const sidecars = sidecarsOf(pod);
  const { containerStatuses = [], initContainerStatuses = [] } = statusOf(pod);
  return [...initContainerStatuses.filter(({ name }) => sidecars.has(name)), ...containerStatuses];
}

function readyCount(pod: KubeObject): string {
  const ready = lastingStatuses(pod).filter((container) => container.ready).length;
  return `${ready}/${specOf(pod).containers.length + sidecarsOf(pod).size}`;
}

function restarts(pod: KubeObject, nowMs: number): string {
  const isInitialized = initContainerState(pod) === undefined || hasCondition(pod, 'Initialized');
  const statuses = isInitialized ? lastingStatuses(pod) : (statusOf(pod).initContainerStatuses ?? []);
  const count = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
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
