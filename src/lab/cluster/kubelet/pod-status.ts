import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from '#kube';
import type { ContainerExit } from '../runtime/index.ts';

/** How a container ended, as its status tells. */
export interface Termination {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string | undefined;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly containerId?: string | undefined;
}

/** What a kubelet knows of one container. */
export interface ContainerFacts {
  readonly name: string;
  readonly image: string;
  readonly kind: 'init' | 'sidecar' | 'main';
  readonly restartCount: number;
  readonly containerId: string | undefined;
  readonly state:
    | { readonly is: 'waiting'; readonly reason: string; readonly message?: string | undefined }
    | { readonly is: 'running'; readonly startedAtMs: number; readonly started: boolean; readonly ready: boolean }
    | ({ readonly is: 'terminated' } & Termination);
  /** The end of the run before this one. */
  readonly last: Termination | undefined;
}

/** What {@link computePodStatus} goes by. */
export interface PodFacts {
  readonly pod: Pod;
  /** In the spec's order: init containers, then containers. */
  readonly containers: readonly ContainerFacts[];
  readonly volumesReady: boolean;
  readonly startTimeMs: number;
  readonly nowMs: number;
  readonly hostIp: string;
  /** Why the pod as a whole has failed, whatever its containers did. */
  readonly failure?: { readonly reason: string; readonly message: string };
}

/** `Completed` or `Error`, the names that a status gives an end. */
export function terminationOf(exit: ContainerExit, containerId: string): Termination {
  return {
    exitCode: exit.exitCode,
    reason: exit.exitCode === 0 ? 'Completed' : 'Error',
    startedAtMs: exit.startedAtMs,
    finishedAtMs: exit.finishedAtMs,
    containerId,
  };
}

/** The status of a pod, from what is known of its containers (kubelet_pods.go, generateAPIPodStatus and getPhase). */
export function computePodStatus(facts: PodFacts): PodStatus {
  const { pod, containers, nowMs } = facts;
  const phase = facts.failure === undefined ? computePhase(facts) : 'Failed';
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const init = containers.filter(({ kind }) => kind !== 'main');
  const main = containers.filter(({ kind }) => kind === 'main');
  const specs = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const statusOf = (container: ContainerFacts) =>
    renderContainerStatus(
      container,
      specs.find(({ name }) => name === container.name),
    );
  const statuses = main.map(statusOf);
  const initStatuses = init.map(statusOf);
  const hasBegun = main.some(hasRun);
  const uninitialized = hasBegun ? [] : init.filter((container) => !isInitialized(container)).map(({ name }) => name);
  const needed = [...main, ...init.filter(({ kind }) => kind === 'sidecar')];
  const unready = needed.filter(({ state }) => !(state.is === 'running' && state.ready)).map(({ name }) => name);
  const condition = (type: string, isTrue: boolean, reason?: string, message?: string): PodCondition =>
    keepTransition(pod, nowMs, {
      type,
      status: isTrue ? 'True' : 'False',
      ...observed(pod),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    });
  const unreadyText = `containers with unready status: [${unready.join(' ')}]`;
  const done = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined;
  const containersReady = unready.length === 0 && !isOver;
  const gates = openGates(pod);
  const ready = containersReady && gates.length === 0;
  const unreadyReason = containersReady
    ? []
    : done === undefined
      ? (['ContainersNotReady', unreadyText] as const)
      : ([done] as const);
  const initText = `containers with incomplete status: [${uninitialized.join(' ')}]`;
  const own = [
    condition('PodReadyToStartContainers', facts.volumesReady && !isOver),
    uninitialized.length === 0
      ? condition('Initialized', true, ...(phase === 'Succeeded' ? ['PodCompleted'] : []))
      : condition('Initialized', false, 'ContainersNotInitialized', initText),
    condition(
      'Ready',
      ready,
      ...(containersReady && !ready ? (['ReadinessGatesNotReady', gates.join(', ')] as const) : unreadyReason),
    ),
    condition('ContainersReady', containersReady, ...unreadyReason),
  ];
  const isMarked = pod.status?.conditions?.some(({ type }) => type === 'PodScheduled') === true;
  const scheduled = isMarked ? [] : [condition('PodScheduled', true)];
  return {
    phase,
    ...facts.failure,
    conditions: [...own, ...scheduled],
    hostIP: facts.hostIp,
    hostIPs: [{ ip: facts.hostIp }] as never,
    ...observed(pod),
    // a pod has an address once its sandbox stands, which comes after its volumes; the node's own it has at once
    ...(facts.volumesReady || containers.some(hasRun) || pod.spec?.hostNetwork === true
      ? { podIP: facts.hostIp, podIPs: [{ ip: facts.hostIp }] }
      : {}),
    startTime: wireTime(facts.startTimeMs),
    containerStatuses: statuses,
    ...(initStatuses.length === 0 ? {} : { initContainerStatuses: initStatuses }),
  };
}

/** Of which generation of its spec a pod's status and conditions tell (KEP-5067). */
function observed({ metadata }: Pod): { readonly observedGeneration?: number } {
  return metadata?.generation === undefined ? {} : { observedGeneration: metadata.generation };
}

/** What the pod's readiness gates still wait for (pkg/kubelet/status/generate.go). */
function openGates({ spec, status }: Pod): string[] {
  return (spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = status?.conditions?.find(({ type }) => type === conditionType);
    if (found === undefined) {
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    }
    if (found.status === 'True') return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`];
  });
}

/** The phase (kubelet_pods.go, getPhase): Pending until every container has been started once. */
export function computePhase({ pod, containers }: Pick<PodFacts, 'pod' | 'containers'>): string {
  const policy = pod.spec?.restartPolicy ?? 'Always';
  const failedInit = containers.some(
    ({ kind, state }) => kind === 'init' && state.is === 'terminated' && state.exitCode !== 0 && policy === 'Never',
  );
  if (failedInit) return 'Failed';
  if (containers.some((container) => container.kind !== 'main' && !isInitialized(container))) {
    if (!containers.some((container) => container.kind === 'main' && hasRun(container))) return 'Pending';
  }
  const main = containers.filter(({ kind }) => kind === 'main');
  if (main.some(({ state, last }) => state.is === 'waiting' && last === undefined)) return 'Pending';
  if (main.some(({ state }) => state.is !== 'terminated')) return 'Running';
  if (policy === 'Always') return 'Running';
  // A pod is over when its sidecars are, too; how they ended does not count.
  if (containers.some(({ kind, state }) => kind === 'sidecar' && state.is === 'running')) return 'Running';
  const failed = main.some(({ state }) => state.is === 'terminated' && state.exitCode !== 0);
  if (!failed) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

/** Once a container proper has run, initialization is over for good, whatever a sidecar does (HasAnyRegularContainerStarted). */
function hasRun({ state, last }: ContainerFacts): boolean {
  return state.is !== 'waiting' || last !== undefined;
}

function isInitialized({ kind, state, last }: ContainerFacts): boolean {
  if (kind === 'sidecar') return (state.is === 'running' && state.started) || last !== undefined;
  return state.is === 'terminated' && state.exitCode === 0;
}

function renderContainerStatus(facts: ContainerFacts, spec: Container | undefined): ContainerStatus {
  const { state, last } = facts;
  const isReady = facts.kind === 'init' ? isInitialized(facts) : state.is === 'running' && state.ready;
  return {
    name: facts.name,
    image: facts.image,
    imageID: '',
    restartCount: facts.restartCount,
    ready: isReady,
    started: state.is === 'running' && state.started,
    ...(facts.containerId === undefined ? {} : { containerID: facts.containerId, ...renderResources(spec) }),
    ...(spec?.volumeMounts === undefined || spec.volumeMounts.length === 0
      ? {}
      : { volumeMounts: spec.volumeMounts.map(renderMount) }),
    state:
      state.is === 'running'
        ? { running: { startedAt: wireTime(state.startedAtMs) } }
        : state.is === 'waiting'
          ? { waiting: { reason: state.reason, ...(state.message === undefined ? {} : { message: state.message }) } }
          : { terminated: renderTermination(state) },
    lastState: last === undefined ? {} : { terminated: renderTermination(last) },
  };
}

/** What a container that was made has of what it asked for: in the lab all of it, and nothing holds it to that. */
function renderResources(spec: Container | undefined): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const { limits, requests } = spec?.resources ?? {};
  return {
    resources: { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) },
    ...(requests === undefined ? {} : { allocatedResources: requests }),
  };
}

/** A mount as it was made; one that is read-only is so at its top alone. */
function renderMount({ name, mountPath, readOnly }: NonNullable<Container['volumeMounts']>[number]) {
  return { name, mountPath, ...(readOnly === true ? { readOnly, recursiveReadOnly: 'Disabled' } : {}) };
}

function renderTermination(end: Termination): NonNullable<NonNullable<ContainerStatus['state']>['terminated']> {
  return {
    exitCode: end.exitCode,
    reason: end.reason,
    startedAt: wireTime(end.startedAtMs),
    finishedAt: wireTime(end.finishedAtMs),
    ...(end.message === undefined ? {} : { message: end.message }),
    ...(end.containerId === undefined ? {} : { containerID: end.containerId }),
  };
}

/** A condition keeps the time of its last change of status. */
function keepTransition(pod: Pod, nowMs: number, next: PodCondition): PodCondition {
  const before = pod.status?.conditions?.find(({ type }) => type === next.type);
  const same = before?.status === next.status && before.lastTransitionTime !== undefined;
  return {
    ...next,
    lastTransitionTime: same ? before.lastTransitionTime : wireTime(nowMs),
  } as PodCondition;
}

/** A time as Kubernetes writes it: RFC 3339 in whole seconds. */
export function wireTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
