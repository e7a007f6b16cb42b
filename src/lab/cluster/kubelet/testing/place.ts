import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock, systemRandom } from '#base';
import type { Event, KubeObject, Pod } from '#kube';
import { createMemoryStore } from '#lab/store';
import { RESOURCES } from '../../resources.ts';
import { startApiServer } from '../../apiserver/index.ts';
import { createProcessRuntime } from '../../runtime/index.ts';
import { startKubelet, type Kubelet } from '../index.ts';
import { createVolumeMounter } from '../mounts.ts';
import type { ApiAccess } from '../../api-access.ts';

/** The name of the node. */
export const NODE = 'node-1';

interface Place {
  readonly api: ApiAccess;
  readonly kubelet: Kubelet;
  readonly folder: string;
}

/** Starts an API server, a runtime and a kubelet for the time of `use`; nothing of them is left after it. */
export async function withKubelet<T>(use: (place: Place) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kf-'));
  const common = { clock: systemClock, random: systemRandom, log: silentLog };
  let kubelet: Kubelet | undefined;
  try {
    await using server = await startApiServer({
      ...common,
      store: createMemoryStore(),
      issuerUrl: 'https://issuer.example/',
      streams: () => kubelet?.streams,
    });
    await using runtime = await createProcessRuntime({ ...common, stateDir: join(folder, 'runtime'), hiddenPaths: [] });
    const api = server.access;
    await ensureDefaults(api);
    kubelet = await startKubelet({
      ...common,
      api,
      runtime,
      nodeName: NODE,
      nodeIp: '127.0.0.1',
      rootDir: join(folder, 'kubelet'),
      logDir: join(folder, 'logs'),
      nodeDir: join(folder, 'node'),
      apiServerUrl: server.url,
    });
    try {
      return await use({ api, kubelet, folder });
    } finally {
      await runtime[Symbol.asyncDispose]();
      await kubelet[Symbol.asyncDispose]();
    }
  } finally {
    await createVolumeMounter().removeTree(folder);
  }
}

async function ensureDefaults(api: ApiAccess): Promise<void> {
  const core = (resource: string) => ({ group: '', version: 'v1', resource });
  for (const name of ['default', 'kube-node-lease']) {
    await api
      .create(core('namespaces'), undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      .catch(() => undefined);
  }
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } };
  await api.create(core('serviceaccounts'), 'default', account).catch(() => undefined);
  const ca = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': 'x' } };
  await api.create(core('configmaps'), 'default', ca).catch(() => undefined);
}

/** A pod of this node, labelled with its name. */
export function pod(name: string, spec: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: { nodeName: NODE, terminationGracePeriodSeconds: 0, ...spec },
  };
}

/** Waits until the pod is as wanted; the error says how it is. */
export async function until(api: ApiAccess, name: string, wanted: (pod: Pod) => boolean): Promise<Pod> {
  let last: Pod | undefined;
  for (const endMs = performance.now() + 15_000; performance.now() < endMs;) {
    last = await api.get<KubeObject & Pod>(RESOURCES.pods, { namespace: 'default', name });
    if (wanted(last)) return last;
    await systemClock.sleep(10);
  }
  const events = await eventsOf(api, name);
  throw new Error(`${name} is not as wanted: ${JSON.stringify(last?.status)} ${JSON.stringify(events)}`);
}

/** Waits until something is so; the error says what never was. */
export async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + 15_000; performance.now() < endMs;) {
    if (await check()) return;
    await systemClock.sleep(10);
  }
  throw new Error(`never happened: ${what}`);
}

/** Whether the pod's condition says so. */
export const isReady = ({ status }: Pod) =>
  status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

/** The events of a pod, in the order in which the API server has them. */
export async function eventsOf(
  api: ApiAccess,
  name: string,
): Promise<{ reason: string; message: string; count: number }[]> {
  const { items } = await api.list<KubeObject & Event>(RESOURCES.events, { namespace: 'default' });
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason = '', message = '', count = 0 }) => ({ reason, message, count }));
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.toString();
  return text;
}

/** The log of the pod's container `c`. */
export async function logOf(place: Place, pod: Pod, previous = false): Promise<string> {
  const key = {
    podUid: pod.metadata?.uid ?? '',
    namespace: 'default',
    podName: pod.metadata?.name ?? '',
    container: 'c',
  };
  const signal = new AbortController().signal;
  return textOf(await place.kubelet.streams.logs(key, { previous, signal }));
}

/** Runs a command in the pod's container `c`. */
export async function execIn(place: Place, pod: Pod, ...command: string[]): Promise<{ text: string; code: number }> {
  const { uid: podUid = '', name: podName = '' } = pod.metadata ?? {};
  const key = { podUid, namespace: 'default', podName, container: 'c' };
  const request = { command, stdin: false, stdout: true, stderr: true, tty: false };
  const session = await place.kubelet.streams.exec(key, request);
  session.stderr?.resume();
  const text = await textOf(session.stdout as AsyncIterable<Buffer>);
  return { text, code: await session.exitCode };
}
