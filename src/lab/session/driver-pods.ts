import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RESOURCES, type Container, type KubeObject, type Pod } from '#kube';
import { ApiError, imageName, parseLogEntry, type Cluster } from '#lab/cluster';
import { KEYFERRY_IMAGE } from './keyferry-image.ts';
import type { ClusterSummary } from './status.ts';

/** So much of the end of the drivers' logs is read: some thousand publishes. */
const LOG_TAIL_BYTES = 8 * 1024 * 1024;
const DRIVER = 'secrets-store.csi.k8s.io';
const CSI_NODES = { group: 'storage.k8s.io', version: 'v1', resource: 'csinodes' };

type CsiNode = KubeObject & { readonly spec?: { readonly drivers?: readonly { readonly name: string }[] } };

/** The pods that run Keyferry's image, whoever installed them. */
export async function driverPods(api: Pick<Cluster['api'], 'list'>): Promise<Pod[]> {
  const { items } = await api.list<Pod>(RESOURCES.pods);
  return items.filter((pod) => driverContainers(pod).length > 0);
}

/** Whether a driver has made itself known to the cluster's kubelet. */
export async function isDriverRegistered({ api, nodeName }: Pick<Cluster, 'api' | 'nodeName'>): Promise<boolean> {
  const node = await api.get<CsiNode>(CSI_NODES, { name: nodeName }).catch((error: unknown) => {
    if (error instanceof ApiError && error.body.code === 404) return undefined;
    throw error;
  });
  return (node?.spec?.drivers ?? []).some(({ name }) => name === DRIVER);
}

/** How far the driver is. `wanted`: the add-on is on; `registered`: kubelet knows a driver by its name. */
export function driverState(
  pods: readonly Pod[],
  { wanted, registered }: { readonly wanted: boolean; readonly registered: boolean },
): ClusterSummary['secretsProvider'] {
  const present = pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  if (present.length === 0) return wanted ? 'starting' : 'off';
  const containers = present.flatMap((pod) => {
    const names = new Set(driverContainers(pod).map(({ name }) => name));
    return (pod.status?.containerStatuses ?? []).filter(({ name }) => names.has(name));
  });
  // The probes tell what kubelet knows too, but seconds later.
  const runs = containers.some(({ ready, state }) => ready || (registered && state?.running !== undefined));
  if (runs) return 'running';
  return containers.some(({ restartCount }) => restartCount > 0) ? 'restarting' : 'starting';
}

/** The last lines of the drivers' logs, of all their lives, in the order of their times. `folder` has the logs of the cluster's pods. */
export async function readDriverLogs(folder: string, pods: readonly Pod[]): Promise<string> {
  const files = await Promise.all(
    pods.flatMap((pod) =>
      driverContainers(pod).map(({ name }) => {
        const { namespace, name: podName, uid } = pod.metadata ?? {};
        return filesIn(join(folder, `${namespace}_${podName}_${uid}`, name));
      }),
    ),
  );
  const newestFirst = files.flat().toSorted((a, b) => b.changedAtMs - a.changedAtMs);
  const lines: LogLine[] = [];
  let left = LOG_TAIL_BYTES;
  for (const { path, sizeBytes } of newestFirst) {
    if (left <= 0) break;
    lines.push(...linesOf(await readTail(path, Math.min(left, sizeBytes))));
    left -= sizeBytes;
  }
  // Two drivers may overlap. The times are of one form, and within a file they are in order.
  return lines
    .toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0))
    .map(({ text }) => text)
    .join('\n');
}

function driverContainers(pod: Pod): Container[] {
  return (pod.spec?.containers ?? []).filter(({ image }) => imageName(image ?? '') === KEYFERRY_IMAGE);
}

interface LogFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedAtMs: number;
}

interface LogLine {
  readonly timestamp: string;
  readonly text: string;
}

async function filesIn(folder: string): Promise<LogFile[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const file = await stat(path).catch(() => undefined);
      return file === undefined ? [] : [{ path, sizeBytes: file.size, changedAtMs: file.mtimeMs }];
    }),
  );
  return found.flat();
}

/** The lines of a log in the CRI format; what a cut at its beginning left of an entry is passed over. */
function linesOf(content: Buffer): LogLine[] {
  const lines: LogLine[] = [];
  let begun = '';
  for (const line of content.toString('latin1').split('\n')) {
    const entry = parseLogEntry(Buffer.from(line, 'latin1'));
    if (entry === undefined) continue;
    begun += entry.content.toString('utf8');
    if (entry.partial) continue;
    lines.push({ timestamp: entry.timestamp, text: begun });
    begun = '';
  }
  return lines;
}

/** The end of a file; empty where there is none any more. */
async function readTail(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return Buffer.alloc(0);
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - maxBytes);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - start), position: start });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
