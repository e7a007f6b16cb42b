import { cpus, arch, release, totalmem } from 'node:os';
import { errorText, type Clock, type Log } from '#base';
import type { KubeObject, Node, ResourceRef } from '#kube';
import { ApiError, type ApiAccess, type ObjectKey } from '../api-access.ts';
import { RESOURCES } from '../resources.ts';
import type { RegisteredDriver } from './plugins.ts';
import { wireTime } from './pod-status.ts';

/** What {@link startNodeRegistration} needs. */
export interface NodeRegistrationOptions {
  readonly api: ApiAccess;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly kubernetesVersion: string;
  readonly runtimeVersion: string;
  /** How many pods the node takes. Default 110. */
  readonly maxPods?: number | undefined;
}

/** The node's objects in the API server. */
export interface NodeRegistration extends AsyncDisposable {
  /** Writes which CSI drivers the node has. */
  setDrivers(drivers: readonly RegisteredDriver[]): Promise<void>;
}

const LEASE_SECONDS = 40;
const HEARTBEAT_MS = 10_000;
const LEASE_NAMESPACE = 'kube-node-lease';
/** kubelet's `--max-pods`, where nothing else is said. */
const DEFAULT_MAX_PODS = 110;

/** What the node has, in whole cores and bytes, by resource name. */
export function nodeResources(maxPods = DEFAULT_MAX_PODS): Readonly<Record<string, number>> {
  return { cpu: cpus().length, memory: totalmem(), pods: maxPods };
}

/** Registers the node, Ready, with its CSINode object, and renews its lease until it is disposed. */
export async function startNodeRegistration(options: NodeRegistrationOptions): Promise<NodeRegistration> {
  const { api, clock, log, nodeName } = options;
  const stopping = new AbortController();
  await upsert(api, RESOURCES.nodes, { name: nodeName }, (before) => renderNode(options, before as Node | undefined));
  const status = renderNode(options, undefined).status;
  await api.patch(RESOURCES.nodes, { name: nodeName }, 'merge', { status }, 'status');
  const setDrivers = (drivers: readonly RegisteredDriver[]) =>
    upsert(api, RESOURCES.csiNodes, { name: nodeName }, (before) => ({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: { ...before?.metadata, name: nodeName },
      spec: { drivers: drivers.map(({ name, nodeId }) => ({ name, nodeID: nodeId, topologyKeys: [] })) },
    }));
  await setDrivers([]);
  const renew = () =>
    upsert(api, RESOURCES.leases, { namespace: LEASE_NAMESPACE, name: nodeName }, (before) => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...before?.metadata, name: nodeName, namespace: LEASE_NAMESPACE },
      spec: {
        holderIdentity: nodeName,
        leaseDurationSeconds: LEASE_SECONDS,
        renewTime: new Date(clock.now()).toISOString().replace(/Z$/, '000Z'),
      },
    }));
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await renew().catch((error: unknown) => log.debug('Lease not renewed', { error: errorText(error) }));
      await clock.sleep(HEARTBEAT_MS, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    setDrivers,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await loop;
    },
  };
}

function renderNode(options: NodeRegistrationOptions, before: Node | undefined): Node {
  const { nodeName, nodeIp, clock } = options;
  const architecture = arch() === 'x64' ? 'amd64' : arch();
  const { cpu = 1, memory = 0, pods } = nodeResources(options.maxPods);
  const capacity = {
    cpu: String(cpu),
    memory: `${Math.floor(memory / 1024)}Ki`,
    pods: String(pods),
    'ephemeral-storage': '10Gi',
  };
  const labels = {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': architecture,
  };
  const now = wireTime(clock.now());
  const condition = (type: string, status: string, reason: string, message: string) => {
    const old = before?.status?.conditions?.find((one) => one.type === type && one.status === status);
    return {
      type,
      status,
      reason,
      message,
      lastHeartbeatTime: now,
      lastTransitionTime: old?.lastTransitionTime ?? now,
    };
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...before?.metadata, name: nodeName, labels: { ...before?.metadata?.labels, ...labels } },
    spec: { ...before?.spec },
    status: {
      capacity,
      allocatable: capacity,
      addresses: [
        { type: 'InternalIP', address: nodeIp },
        { type: 'Hostname', address: nodeName },
      ],
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
      ],
      nodeInfo: {
        architecture,
        operatingSystem: 'linux',
        kernelVersion: release(),
        osImage: 'Keyferry lab',
        kubeletVersion: options.kubernetesVersion,
        kubeProxyVersion: options.kubernetesVersion,
        containerRuntimeVersion: options.runtimeVersion,
        bootID: '',
        machineID: '',
        systemUUID: '',
      },
    },
  };
}

async function upsert(
  api: ApiAccess,
  resource: ResourceRef,
  key: ObjectKey,
  render: (before: KubeObject | undefined) => object,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const before = await api.get(resource, key).catch((error: unknown) => {
        if (error instanceof ApiError && error.body.code === 404) return undefined;
        throw error;
      });
      if (before === undefined) await api.create(resource, key.namespace, render(undefined));
      else await api.update(resource, key, render(before));
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.body.code !== 409 || attempt >= 4) throw error;
    }
  }
}
