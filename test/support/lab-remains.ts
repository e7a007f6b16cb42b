import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { RESOURCES } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { labProcesses } from './lab-processes.ts';
import { filesBelow } from './leak-search.ts';
import { nodeLogOf, readProcessFile } from './node-process.ts';
import type { TestCluster, TestLab } from './test-lab.ts';

/** A place where something of a lab can be read, and what can be read there. */
export interface Remains {
  readonly where: string;
  readonly content: Buffer | string;
}

/**
 * All that can be read of a running lab: files below `folders` (named by their path there) and in the lab's own mounts
 * (`node /…`), arguments, environment and mounts of its processes, what its API server tells but for logs (`api pods`), metrics
 * and the audit log.
 */
export async function* remainsOf({
  lab,
  cluster,
  folders,
}: {
  readonly lab: TestLab;
  readonly cluster: TestCluster;
  readonly folders: readonly string[];
}): AsyncIterable<Remains> {
  for (const folder of folders) {
    for (const { path, content } of filesBelow(folder)) yield { where: relative(folder, path), content };
  }
  const processes = labProcesses(lab.folder.root);
  for (const { pid } of processes?.all ?? []) {
    const name = readProcessFile(pid, 'cmdline').split('\0').slice(0, 3).join(' ').slice(0, 60);
    for (const file of ['cmdline', 'environ', 'mountinfo'] as const) {
      yield { where: `${file} of ${name}`, content: readProcessFile(pid, file) };
    }
  }
  // The lab's run folder, which is mounted over one of these.
  const root = `/proc/${processes?.daemon}/root`;
  for (const folder of ['/mnt', '/media', '/srv']) {
    for (const { path, content } of filesBelow(root + folder)) {
      const inNode = path.slice(root.length + folder.length).replace(/^\/[0-9a-f]{8}/, '');
      yield { where: `node ${inNode}`, content };
    }
  }
  for (const resource of [...Object.values(RESOURCES), ...Object.values(SECRET_CLASS_RESOURCES)]) {
    const list = await cluster.client.list(resource).catch(() => undefined);
    if (list !== undefined) yield { where: `api ${resource.resource}`, content: JSON.stringify(list.items) };
  }
  yield { where: 'metrics', content: await metricsOf(nodeLogOf(lab.folder.clusters)) };
  yield { where: 'audit', content: JSON.stringify(await lab.audit()) };
}

/** Files at the top of the machine's folders for temporary files that were written since a time. */
export function* temporaryFiles(sinceMs: number): Iterable<Remains> {
  for (const folder of ['/tmp', '/var/tmp', '/dev/shm']) {
    for (const name of readdirSync(folder)) {
      const where = join(folder, name);
      try {
        const found = lstatSync(where);
        if (found.isFile() && found.mtimeMs >= sinceMs && found.size < MAX_BYTES) {
          yield { where, content: readFileSync(where) };
        }
      } catch {
        // somebody else's, and gone
      }
    }
  }
}
const MAX_BYTES = 16 * 2 ** 20;

/** What Prometheus would read of a node process; the port is that of the last start in its log. */
async function metricsOf(nodeLog: string): Promise<string> {
  const starts = nodeLog.split('\n').filter((line) => line.includes('Metrics and probes are served'));
  const { port } = JSON.parse(starts.at(-1) ?? '{}') as { port?: number };
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}
