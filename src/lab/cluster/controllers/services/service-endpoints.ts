import type { Service, ServicePort } from 'kubernetes-types/core/v1.js';
import type { Pod } from '#kube';
import { isPodFinished, isPodReady } from '../workloads/pod-state.ts';

/** A port of a Service as one of its pods has it. */
export interface EndpointPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}

/** A pod behind a Service. */
export interface ServiceEndpoint {
  readonly pod: Pod;
  readonly ip: string;
  /** Gets traffic. */
  readonly ready: boolean;
  /** Could serve, also while it is being deleted. */
  readonly serving: boolean;
  readonly terminating: boolean;
  /** Its name in the Service's domain. */
  readonly hostname: string | undefined;
}

/** The pods behind a Service that have the same ports. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly ServiceEndpoint[];
}

/** Whether the endpoints of the Service are its pods, and not what somebody else writes. */
export function hasOwnEndpoints({ spec }: Service): boolean {
  return spec?.type !== 'ExternalName' && Object.keys(spec?.selector ?? {}).length > 0;
}

/** Whether the Service has no address of its own. */
export const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === 'None';

/** Whether the Service's selector chooses these labels. */
export function selectsPod({ spec }: Service, labels: Readonly<Record<string, string>> = {}): boolean {
  const wanted = Object.entries(spec?.selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** The endpoints of a Service: its pods that have an address and have not ended, by name, those of the same ports together. */
export function findEndpoints(service: Service, pods: readonly Pod[]): readonly EndpointGroup[] {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: ServiceEndpoint[] }>();
  const sorted = [...pods].sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  for (const pod of sorted) {
    const ip = pod.status?.podIP;
    if (!ip || isPodFinished(pod) || !selectsPod(service, pod.metadata?.labels)) continue;
    const ports = portsOf(service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpointOf(service, pod, ip));
  }
  return [...groups.values()];
}

function endpointOf(service: Service, pod: Pod, ip: string): ServiceEndpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata?.deletionTimestamp !== undefined;
  const { hostname, subdomain } = pod.spec ?? {};
  const inDomain = subdomain === service.metadata?.name && pod.metadata?.namespace === service.metadata?.namespace;
  return {
    pod,
    ip,
    ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating),
    serving,
    terminating,
    hostname: inDomain && hostname ? hostname : undefined,
  };
}

/** The Service's ports; one whose name no container of the pod has is left out. */
function portsOf({ spec }: Service, pod: Pod): readonly EndpointPort[] {
  return (spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = port;
    return [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function targetPort({ targetPort: target, port, protocol = 'TCP' }: ServicePort, pod: Pod): number | undefined {
  if (typeof target !== 'string') return target ? target : port;
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find((one) => one.name === target && (one.protocol ?? 'TCP') === protocol);
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}
