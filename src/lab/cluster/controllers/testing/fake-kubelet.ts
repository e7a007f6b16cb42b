import type { Clock } from '#base';
import type { KubeObject, Pod } from '#kube';
import type { ApiAccess, ObjectKey } from '../../api-access.ts';
import { ignoreAlreadyExists, ignoreNotFound } from '../reconcile/api-errors.ts';
import { RESOURCES } from '../../resources.ts';
import { wireTime } from '../reconcile/wire-time.ts';

/** A node without containers: it says of pods what a kubelet would say. */
export interface FakeKubelet extends AsyncDisposable {
  /** Pods whose name has this prefix do not become ready. */
  keepUnready(prefix: string): void;
  /** Pods whose name has this prefix end as soon as they run. */
  endAtOnce(prefix: string, exitCode: number): void;
  /** Ends a running pod. */
  end(key: ObjectKey, exitCode: number): Promise<void>;
}

/** Registers the node and from then on calls its pods running and ready, and lets go those that are being deleted. */
export async function startFakeKubelet(api: ApiAccess, clock: Clock, nodeName = 'node-1'): Promise<FakeKubelet> {
  const stop = new AbortController();
  const unready: string[] = [];
  const ends = new Map<string, number>();
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } };
  await ignoreAlreadyExists(api.create(RESOURCES.nodes, undefined, node));

  const report = (pod: KubeObject & Pod) => {
    const { namespace, name = '', uid } = pod.metadata;
    const ready = !unready.some((prefix) => name.startsWith(prefix));
    const time = wireTime(clock.now());
    const condition = { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: time };
    const body = { metadata: { uid }, status: { phase: 'Running', podIP: '127.0.0.1', conditions: [condition] } };
    return ignoreNotFound(api.patch(RESOURCES.pods, { namespace, name }, 'strategic', body, 'status'));
  };

  const end = ({ namespace, name }: ObjectKey, exitCode: number) => {
    const finishedAt = wireTime(clock.now());
    const terminated = { exitCode, finishedAt, reason: exitCode === 0 ? 'Completed' : 'Error' };
    const container = { name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated } };
    const status = {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: finishedAt }],
      containerStatuses: [container],
    };
    return ignoreNotFound(api.patch(RESOURCES.pods, { namespace, name }, 'strategic', { status }, 'status'));
  };

  const run = async () => {
    const events = api.watch<KubeObject & Pod>(RESOURCES.pods, { signal: stop.signal });
    for await (const { type, object } of events) {
      if ((type !== 'ADDED' && type !== 'MODIFIED') || object.spec?.nodeName !== nodeName) continue;
      const { namespace, name = '' } = object.metadata;
      const exitCode = [...ends].find(([prefix]) => name.startsWith(prefix))?.[1];
      if (object.metadata.deletionTimestamp !== undefined) {
        // One with finalizers stays, and has been let go already.
        if (object.metadata.deletionGracePeriodSeconds === 0) continue;
        await ignoreNotFound(api.delete(RESOURCES.pods, { namespace, name }, { gracePeriodSeconds: 0 }));
      } else if (object.status?.phase === 'Pending') {
        await (exitCode === undefined ? report(object) : end({ namespace, name }, exitCode));
      }
    }
  };

  const running = run();
  return {
    keepUnready: (prefix) => {
      unready.push(prefix);
    },
    endAtOnce: (prefix, exitCode) => {
      ends.set(prefix, exitCode);
    },
    end,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running.catch(() => undefined);
    },
  };
}
