import { errorText, type Clock, type Log, type Random } from '#base';
import { RESOURCES } from '../resources.ts';
import { createEventNames } from '../event-names.ts';
import type { Event, Pod } from '#kube';
import { ApiError, type ApiAccess } from '../api-access.ts';

/** One thing that happened to a pod. */
export interface PodEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** The container that it is about. */
  readonly container?: { readonly name: string; readonly init: boolean } | undefined;
}

/** Writes events of pods. Equal ones within an hour are one event with a count (client-go tools/record). */
export interface EventRecorder {
  record(pod: Pod, event: PodEvent): void;
  /** Resolves when all events are written or given up. */
  flush(): Promise<void>;
}

const FORGET_MS = 3_600_000;

/** A recorder in the kubelet's name. A failure to write is logged and otherwise without effect. */
export function createEventRecorder(options: {
  readonly api: ApiAccess;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): EventRecorder {
  const { api, nodeName, clock, random, log } = options;
  const known = new Map<string, { readonly name: string; count: number; lastMs: number }>();
  const nameOf = createEventNames({ clock, random });
  let tail: Promise<void> = Promise.resolve();

  const write = async (pod: Pod, event: PodEvent, nowMs: number): Promise<void> => {
    const namespace = pod.metadata?.namespace ?? 'default';
    const key = [pod.metadata?.uid, event.type, event.reason, event.container?.name, event.message].join('\0');
    const time = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
    for (const [old, { lastMs }] of known) if (nowMs - lastMs > FORGET_MS) known.delete(old);
    const before = known.get(key);
    if (before !== undefined) {
      before.count += 1;
      before.lastMs = nowMs;
      try {
        await api.patch(RESOURCES.events, { namespace, name: before.name }, 'merge', {
          count: before.count,
          lastTimestamp: time,
        });
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.body.code !== 404) throw error;
        known.delete(key);
      }
    }
    const name = nameOf(pod.metadata?.name ?? 'pod');
    const body = { ...renderEvent(pod, event, nodeName, time), metadata: { name, namespace } };
    await api.create(RESOURCES.events, namespace, body);
    known.set(key, { name, count: 1, lastMs: nowMs });
  };

  return {
    record: (pod, event) => {
      const nowMs = clock.now();
      tail = tail
        .then(() => write(pod, event, nowMs))
        .catch((error: unknown) => {
          log.debug('Event not written', { reason: event.reason, error: errorText(error) });
        });
    },
    flush: () => tail,
  };
}

function renderEvent(pod: Pod, event: PodEvent, nodeName: string, time: string): Omit<Event, 'metadata'> {
  const { name, namespace, uid, resourceVersion } = pod.metadata ?? {};
  const list = event.container?.init === true ? 'initContainers' : 'containers';
  const fieldPath = event.container === undefined ? undefined : `spec.${list}{${event.container.name}}`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(fieldPath === undefined ? {} : { fieldPath }),
    },
    type: event.type,
    reason: event.reason,
    message: event.message.slice(0, 1024),
    source: { component: 'kubelet', host: nodeName },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    reportingComponent: 'kubelet',
    reportingInstance: nodeName,
  };
}
