/** What there is of the driver's volumes on a node: in its mount table, in kubelet's folders, in the driver's records. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ClusterUnderTest } from './cluster.ts';

/** A snapshot of a node. */
export interface NodeState {
  /** Mount points of CSI volumes, one for each mount: a volume that is mounted twice is here twice. */
  readonly mounts: readonly NodeMount[];
  /** UIDs of pods for which kubelet keeps a folder of a CSI volume. */
  readonly folders: readonly string[];
  /** UIDs of pods that the driver's records name; `unreadable` for what is none. */
  readonly records: readonly string[];
}

/** One line of the mount table. */
export interface NodeMount {
  readonly podUid: string;
  readonly volume: string;
  /** The file system's type: `tmpfs`. */
  readonly type: string;
  /** Per-mount and superblock options: `rw`, `nosuid`, `size=…`. */
  readonly options: readonly string[];
  /** As this machine reaches it. */
  readonly path: string;
}

/** Looks at the node. What goes while it looks is not there. */
export async function readNodeState({ node }: ClusterUnderTest): Promise<NodeState> {
  const process = `/proc/${await node.pid()}`;
  const root = `${process}/root`;
  const kubelet = await node.kubelet();
  const mountinfo = await readFile(`${process}/mountinfo`, 'utf8');
  const pods = join(root, kubelet, 'pods');
  const records = join(root, kubelet, 'plugins/csi-secrets-store/volumes');
  const folders: string[] = [];
  for (const uid of await names(pods)) {
    const volumes = await names(join(pods, uid, 'volumes/kubernetes.io~csi'));
    if (volumes.length > 0) folders.push(uid);
  }
  return {
    mounts: mountinfo.split('\n').flatMap((line) => mountOf(line, root)),
    folders,
    records: await Promise.all((await names(records)).map((name) => podOfRecord(join(records, name)))),
  };
}

/** What of a node's state belongs to none of the pods with these UIDs, or is there more than once. */
export function strayState(state: NodeState, podUids: ReadonlySet<string>): string[] {
  const places = state.mounts.map(({ podUid, volume }) => `${podUid}/${volume}`);
  return [
    ...state.mounts.filter(({ podUid }) => !podUids.has(podUid)).map(({ path }) => `mounted for no pod: ${path}`),
    ...places.filter((place, at) => places.indexOf(place) !== at).map((place) => `mounted twice: ${place}`),
    ...state.folders.filter((uid) => !podUids.has(uid)).map((uid) => `a folder of a volume of no pod: ${uid}`),
    ...state.records.filter((uid) => !podUids.has(uid)).map((uid) => `a record of no pod: ${uid}`),
  ];
}

/** The fields of a line of mountinfo, see proc(5). */
function mountOf(line: string, root: string): readonly NodeMount[] {
  const [mount = '', superblock = ''] = line.split(' - ');
  const [, , , , target = '', options = ''] = mount.split(' ');
  const [type = '', , superOptions = ''] = superblock.split(' ');
  const found = /\/pods\/([^/]+)\/volumes\/kubernetes\.io~csi\/([^/]+)\/mount$/.exec(target);
  if (found === null) return [];
  const [, podUid = '', volume = ''] = found;
  return [
    { podUid, volume, type, options: [...options.split(','), ...superOptions.split(',')], path: join(root, target) },
  ];
}

async function podOfRecord(path: string): Promise<string> {
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as { podUid: string }).podUid;
  } catch {
    return `unreadable: ${basename(path)}`;
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
