import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { labProcesses } from './lab-processes.ts';
import { readProcessFile } from './node-process.ts';
import { eventually } from './test-lab.ts';

/** The process id of the lab's own process. */
export async function daemonOf(stateFolder: string): Promise<number> {
  const known = daemons.get(stateFolder);
  if (known !== undefined) return known;
  const found = await eventually("the lab's process", async () => {
    const daemon = labProcesses(stateFolder)?.daemon;
    return daemon === undefined ? { seen: 'no such process' } : { found: daemon };
  });
  daemons.set(stateFolder, found);
  return found;
}
const daemons = new Map<string, number>();

/** The driver's registration socket, told from earlier ones: a killed driver leaves it, the next one makes another. */
export function registrationOf(daemon: number): string | undefined {
  const root = `/proc/${daemon}/root`;
  const socket = join(root, findKubelets(root)[0] ?? '', 'plugins_registry/secrets-store.csi.k8s.io-reg.sock');
  const found = statSync(socket, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.ino}:${found.birthtimeMs}`;
}

/** Waits until another driver than the one of `before` has offered itself to kubelet. */
export async function nextRegistration(daemon: number, before: string | undefined): Promise<void> {
  await eventually('the next driver offers itself to kubelet', () => {
    const now = registrationOf(daemon);
    return Promise.resolve(now === undefined || now === before ? { seen: String(now) } : { found: now });
  });
}

/** One CSI volume as it is on the node. */
export interface NodeVolume {
  readonly podUid: string;
  /** As this process reaches it. */
  readonly path: string;
  readonly mounts: number;
  readonly isMounted: boolean;
  readonly hasData: boolean;
  readonly generations: number;
  /** What it has in its topmost folder. */
  readonly names: readonly string[];
  /** What a file says; empty when there is none. */
  file(name: string): string;
}

/** The volumes that the lab's mount table or its kubelet's folder knows. */
export function volumesOf(daemon: number): NodeVolume[] {
  const root = `/proc/${daemon}/root`;
  const mounted = readProcessFile(daemon, 'mountinfo')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((path) => path.includes('/kubernetes.io~csi/'));
  const [kubelet = ''] = findKubelets(root);
  const present = list(join(root, kubelet, 'pods')).map((uid) =>
    join(kubelet, 'pods', uid, 'volumes/kubernetes.io~csi/secrets/mount'),
  );
  const targets = present.filter((path) => list(join(root, path, '..')).includes('mount'));
  return [...new Set([...mounted, ...targets])].map((target) => {
    const path = join(root, target);
    const names = list(path);
    const mounts = mounted.filter((other) => other === target).length;
    return {
      podUid: /\/pods\/([^/]+)\//.exec(target)?.[1] ?? '',
      path,
      mounts,
      isMounted: mounts > 0,
      names,
      hasData: names.includes('..data'),
      generations: names.filter((name) => /^\.\.\d{4}_/.test(name)).length + (names.includes('..data_tmp') ? 1 : 0),
      file: (name) => readAll(join(path, name)),
    };
  });
}

/** The kubelet folders of a lab, below `root`. */
export function findKubelets(root: string): string[] {
  return ['/mnt', '/media', '/srv'].flatMap((run) =>
    list(root + run)
      .map((name) => join(run, name, 'kubelet'))
      .filter((kubelet) => list(root + kubelet).includes('pods')),
  );
}

/** Files in the driver's record folder that belong to no pod, and pods without one. */
export function strayRecords(daemon: number, podUids: ReadonlySet<string>): string[] {
  const root = `/proc/${daemon}/root`;
  const [kubelet = ''] = findKubelets(root);
  const folder = join(root, kubelet, 'plugins/csi-secrets-store/volumes');
  const uids = new Map(list(folder).map((name) => [name, uidOfRecord(readAll(join(folder, name)))]));
  return [
    ...[...uids].filter(([, uid]) => !podUids.has(uid)).map(([name]) => `a record of no pod: ${name}`),
    ...[...uids.keys()].filter((name) => !name.endsWith('.json')).map((name) => `a stray file: ${name}`),
    ...[...podUids].filter((uid) => ![...uids.values()].includes(uid)).map((uid) => `no record of pod ${uid}`),
  ];
}

function uidOfRecord(text: string): string {
  try {
    return (JSON.parse(text) as { podUid: string }).podUid;
  } catch {
    return '';
  }
}

/** The names in a folder; none when there is no such folder. */
export function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A file's text; empty when there is none. */
export function readAll(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A folder of the node that the driver's pod has too, /etc/kubernetes/secrets-store-csi-providers: where the lab keeps it. */
export async function driverFolder(stateFolder: string): Promise<string> {
  const root = `/proc/${await daemonOf(stateFolder)}/root`;
  const [kubelet = ''] = findKubelets(root);
  return join(root, kubelet, 'secrets-store-csi-providers-etc');
}
