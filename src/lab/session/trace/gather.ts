import { KeyferryError } from '#base';
import { RESOURCES, type Event, type Pod } from '#kube';
import type { AuditLog } from '#lab/cloud';
import { ApiError, type Cluster } from '#lab/cluster';
import { assembleTrace } from './assemble.ts';
import { parseVolumeLines } from './node-log.ts';
import type { Trace } from './trace.ts';

/** Which pod to trace. */
export interface TraceRequest {
  readonly pod: string;
  readonly namespace: string;
  /** Undefined: the cluster that has the pod. */
  readonly cluster?: string | undefined;
}

/** A cluster that a pod may be in. */
export interface TracedCluster {
  readonly cluster: Cluster;
  /** The pods of its drivers. */
  drivers(): Promise<readonly Pod[]>;
  /** The lines that `drivers` have logged. */
  logOf(drivers: readonly Pod[]): Promise<string>;
}

/** What {@link traceLabPod} reads. */
export interface TraceSources {
  /** Why there are no clusters to look in; undefined where there may be. */
  readonly refusal?: string | undefined;
  readonly clusters: readonly TracedCluster[];
  readonly audit: Pick<AuditLog, 'records'>;
}

/** The way of a pod's secrets so far. Throws `not-found` for an unknown pod or cluster, `invalid-input` where the cluster has to be named. */
export async function traceLabPod(sources: TraceSources, request: TraceRequest): Promise<Trace> {
  const { cluster, pod, ...of } = await findPod(sources, request);
  const events = await cluster.api.list<Event>(RESOURCES.events, {
    namespace: request.namespace,
    fieldSelector: `involvedObject.uid=${pod.metadata?.uid}`,
  });
  const drivers = await of.drivers();
  return assembleTrace({
    cluster: cluster.name,
    pod,
    events: events.items,
    drivers,
    lines: parseVolumeLines(await of.logOf(drivers)),
    audit: sources.audit.records(),
  });
}

async function findPod(
  { clusters, refusal }: TraceSources,
  { pod: name, namespace, cluster: wanted }: TraceRequest,
): Promise<TracedCluster & { readonly pod: Pod }> {
  const names = clusters.map(({ cluster }) => cluster.name);
  if (refusal !== undefined) {
    throw new KeyferryError(
      'failed-precondition',
      'a lab with --cloud-only cannot trace pods: its clusters are not its own',
      {
        hint: 'The pod\'s events ("kubectl describe pod") and "keyferry lab audit" tell the two halves of its way.',
      },
    );
  }
  const candidates = clusters.filter(({ cluster }) => wanted === undefined || cluster.name === wanted);
  if (candidates.length === 0) {
    throw new KeyferryError(
      'not-found',
      wanted === undefined ? 'the lab has no cluster' : `no cluster "${wanted}" runs`,
      {
        hint: names.length === 0 ? 'Make one with "az aks create".' : `There is ${names.join(', ')}.`,
      },
    );
  }
  const found: (TracedCluster & { readonly pod: Pod })[] = [];
  for (const candidate of candidates) {
    const pod = await getPod(candidate.cluster, namespace, name);
    if (pod !== undefined) found.push({ ...candidate, pod });
  }
  const [first, second] = found;
  if (first === undefined) {
    throw new KeyferryError(
      'not-found',
      `no pod ${namespace}/${name} in ${candidates.map(({ cluster }) => cluster.name).join(', ')}`,
      {
        hint: '"keyferry lab status" lists the pods; name another namespace with -n.',
      },
    );
  }
  if (second !== undefined) {
    const both = found.map(({ cluster }) => cluster.name).join(' and ');
    throw new KeyferryError('invalid-input', `there is a pod ${namespace}/${name} in ${both}`, {
      hint: 'Say which with --cluster.',
    });
  }
  return first;
}

async function getPod(cluster: Cluster, namespace: string, name: string): Promise<Pod | undefined> {
  try {
    return await cluster.api.get<Pod>(RESOURCES.pods, { namespace, name });
  } catch (error) {
    if (error instanceof ApiError && error.body.code === 404) return undefined;
    throw error;
  }
}
