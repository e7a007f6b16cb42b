import { createHash } from 'node:crypto';
import { errorText, nameSuffix, putNewest, shortenMiddle, type Clock, type Log, type Random } from '#base';
import type { KubeClient } from './client.ts';
import { isReason } from './errors.ts';
import { RESOURCES } from './resources.ts';

/** The object that an event is about. */
export interface EventTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Tells a person who looks at an object what happened to it. */
export interface EventRecorder extends AsyncDisposable {
  /** Records in the background; what can't be written is logged, never thrown. Messages hold no secret material. */
  record(target: EventTarget, type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** Resolves when all that was recorded so far is written or given up. */
  flush(): Promise<void>;
}

/** What {@link createEventRecorder} needs. */
export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** `source.component` of the events. */
  readonly component: string;
  /** `source.host`: the node. */
  readonly host?: string;
}

interface Held {
  readonly name: string;
  readonly firstTimestamp: string;
  count: number;
  lastMs: number;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

// client-go tools/record: a burst of 25 events an object, then one every five minutes; equal events within ten minutes
// become one with a count.
const BURST = 25;
const REFILL_MS = 300_000;
const SAME_EVENT_MS = 600_000;
const MAX_HELD = 4096;
// The API server's limit of an event's message.
const MAX_MESSAGE = 1024;

/** A recorder of core/v1 events. Equal events are counted in one object; an object that is loud is rate-limited. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, random, log, component, host } = options;
  const held = new Map<string, Held>();
  const buckets = new Map<string, Bucket>();
  let tail: Promise<void> = Promise.resolve();

  const allowed = (uid: string): boolean => {
    const nowMs = clock.monotonic();
    const bucket = buckets.get(uid) ?? { tokens: BURST, filledAtMs: nowMs };
    bucket.tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.filledAtMs) / REFILL_MS);
    bucket.filledAtMs = nowMs;
    putNewest(buckets, uid, bucket, MAX_HELD);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };

  const write = async (
    target: EventTarget,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): Promise<void> => {
    const nowMs = clock.now();
    const timestamp = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
    const key = createHash('sha256')
      .update(JSON.stringify([target.uid, type, reason, message]))
      .digest('base64');
    const same = held.get(key);
    if (same !== undefined && nowMs - same.lastMs < SAME_EVENT_MS) {
      same.count += 1;
      same.lastMs = nowMs;
      try {
        await client.patch(
          RESOURCES.events,
          { namespace: target.namespace, name: same.name },
          { type: 'merge', body: { count: same.count, lastTimestamp: timestamp } },
        );
        return;
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error; // it expired: a new one follows
      }
    }
    const name = `${target.name.slice(0, 230)}.${nameSuffix(random, 16)}`;
    putNewest(held, key, { name, firstTimestamp: timestamp, count: 1, lastMs: nowMs }, MAX_HELD);
    await client.create(RESOURCES.events, target.namespace, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: target.namespace },
      involvedObject: target,
      type,
      reason,
      message,
      source: { component, ...(host !== undefined && { host }) },
      reportingComponent: component,
      reportingInstance: host ?? '',
      count: 1,
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
    });
  };

  return {
    record(target, type, reason, message) {
      if (!allowed(target.uid)) {
        log.debug('Event held back, its object has too many', {
          reason,
          namespace: target.namespace,
          name: target.name,
        });
        return;
      }
      const text = shortenMiddle(message, MAX_MESSAGE);
      tail = tail
        .then(() => write(target, type, reason, text))
        .catch((error: unknown) => {
          log.warn('Event not written', {
            reason,
            namespace: target.namespace,
            name: target.name,
            error: errorText(error),
          });
        });
    },
    flush: () => tail,
    [Symbol.asyncDispose]: () => tail,
  };
}
