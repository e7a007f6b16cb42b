import type { Event, Pod } from '#kube';
import type { TraceEnd } from './trace.ts';

interface Known {
  /** Of the event, or of what the container waits for. */
  readonly reason: RegExp;
  readonly text: RegExp;
  readonly where: string;
  readonly mend?: string | ((drivers: readonly Pod[]) => string);
}

/** Where kubelet finds no driver that answers: what its pods are up to, which are there or not. */
function lookAtDriver(drivers: readonly Pod[]): string {
  const [driver] = drivers;
  if (driver === undefined) {
    return (
      'The cluster has no pod of the driver: turn the add-on on (az aks enable-addons --addons azure-keyvault-secrets-provider) ' +
      'or install the chart. Where its DaemonSet is there, kubectl describe daemonset says why it has none.'
    );
  }
  const { namespace = '', name = '' } = driver.metadata ?? {};
  const { state, lastState } = driver.status?.containerStatuses?.find(({ ready }) => !ready) ?? {};
  const told = state?.waiting?.reason ?? lastState?.terminated?.reason ?? driver.status?.phase ?? 'Pending';
  return (
    `The driver's pod ${namespace}/${name} is not ready (${told}): kubectl describe pod -n ${namespace} ${name} and ` +
    `kubectl logs -n ${namespace} ${name} say why.`
  );
}

/** What keeps a pod from its secrets before the driver hears of it or after it is done; the first that fits counts. */
const KNOWN: readonly Known[] = [
  {
    reason: /^FailedMount$/,
    text: /driver name \S+ not found in the list of registered CSI drivers/,
    where: 'the kubelet: no driver',
    mend: lookAtDriver,
  },
  {
    reason: /^FailedMount$/,
    text: /transport: Error while dialing: dial unix/,
    where: 'the kubelet: the driver does not answer',
    mend: lookAtDriver,
  },
  {
    reason: /^FailedMount$/,
    text: /no CSIDriver object/,
    where: 'the kubelet: no CSIDriver object',
    mend: "Make the driver's CSIDriver object again: helm upgrade of its release, az aks enable-addons, or kubectl apply -f deploy/keyferry.yaml.",
  },
  {
    reason: /^FailedMount$/,
    text: /NodePublishSecretRef/,
    where: 'the kubelet: nodePublishSecretRef',
    mend: 'Create the Secret that the volume names, in the namespace of the pod.',
  },
  { reason: /^FailedMount$/, text: /^/, where: 'the kubelet: the volume' },
  { reason: /^FailedScheduling$/, text: /^/, where: 'the scheduler' },
  {
    reason: /^(CreateContainerConfigError|Failed)$/,
    text: /secret "?\S+"? not found/,
    where: 'the container: its environment',
    mend: "Mount the volume whose class makes that Secret in this pod (secretObjects), and check the Secret's name.",
  },
  {
    reason: /^CrashLoopBackOff$/,
    text: /^/,
    where: 'the container, which ends again and again',
    mend: 'Its secrets are there; kubectl logs --previous tells why it ends.',
  },
];

/** A pod that is not ready, and who could tell why. */
export interface WaitingPod {
  readonly pod: Pod;
  /** Of the pod, in any order. */
  readonly events: readonly Event[];
  /** The pods of the cluster's drivers. */
  readonly drivers: readonly Pod[];
}

const PULLING = /^(ContainerCreating|PodInitializing)$/;

/** Why a pod without an end of its volumes' ways is not ready; undefined where nothing says so yet. */
export function whyPodWaits({ pod, events, drivers }: WaitingPod, volumes: number): TraceEnd | undefined {
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const waiting = containers
    .flatMap(({ state }) => (state?.waiting?.reason === undefined ? [] : [state.waiting]))
    .find(({ reason = '' }) => !PULLING.test(reason));
  const event = events
    .filter(({ type }) => type === 'Warning')
    .sort(byTime)
    .at(-1);
  const reason = waiting?.reason ?? event?.reason;
  const why = waiting === undefined ? event?.message : (waiting.message ?? event?.message ?? waiting.reason);
  if (reason !== undefined && why !== undefined) {
    const known = KNOWN.find((one) => one.reason.test(reason) && one.text.test(why));
    const at = event === undefined ? (pod.metadata?.creationTimestamp ?? '') : timeOf(event);
    const mend = typeof known?.mend === 'function' ? known.mend(drivers) : known?.mend;
    return { at, where: known?.where ?? reason, why, ...(mend === undefined ? {} : { mend }) };
  }
  if (volumes > 0) return undefined;
  return {
    at: pod.metadata?.creationTimestamp ?? '',
    where: 'the pod',
    why: 'it has no volume of the driver secrets-store.csi.k8s.io',
    mend: 'Give it a csi volume whose volumeAttributes name a secretProviderClass.',
  };
}

function timeOf({ lastTimestamp, eventTime, firstTimestamp }: Event): string {
  return lastTimestamp ?? eventTime ?? firstTimestamp ?? '';
}

function byTime(a: Event, b: Event): number {
  return Date.parse(timeOf(a)) - Date.parse(timeOf(b));
}
