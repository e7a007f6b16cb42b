import { createHash } from 'node:crypto';
import {
  backoffMs,
  errorText,
  KeyferryError,
  nameSuffix,
  putNewest,
  shortenMiddle,
  type Clock,
  type ErrorCode,
  type Log,
  type Random,
} from '#base';
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
  /**
   * Records in the background. While the API server is away events wait for it, some minutes at most, with the time at
   * which they happened. What can't be written is logged, never thrown. Messages hold no secret material.
   */
  record(target: EventTarget, type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** Resolves when all that was recorded so far is written or given up. */
  flush(): Promise<void>;
  /** The same, but nothing waits for an API server that is away. */
  [Symbol.asyncDispose](): PromiseLike<void>;
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
  count: number;
  lastMs: number;
}

interface Recorded {
  readonly target: EventTarget;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
  readonly name: string;
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
// client-go tools/record: an event is tried twelve times, every ten seconds; as many wait, others are dropped.
const TRIES = 12;
const RETRY = { initialMs: 10_000, maxMs: 10_000, jitter: 0.5 };
const MAX_WAITING = 1000;
// The API server's limit of an event's message.
const MAX_MESSAGE = 1024;

/** Failures that are over when the API server is back. */
const AWAY: ReadonlySet<ErrorCode> = new Set(['unavailable', 'deadline-exceeded', 'resource-exhausted']);

/** A recorder of core/v1 events. Equal events are counted in one object; an object that is loud is rate-limited. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, random, log, component, host } = options;
  const held = new Map<string, Held>();
  const buckets = new Map<string, Bucket>();
  const stopping = new AbortController();
  let tail: Promise<void> = Promise.resolve();
  let waiting = 0;
  /** The API server was found to be away while the recorder stops. */
  let isGivingUp = false;

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

  /** Writes an event that happened at `atMs`; safe to do again with the same `name`. */
  const write = async ({ target, type, reason, message, atMs, name }: Recorded): Promise<void> => {
    const timestamp = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
    const key = createHash('sha256')
      .update(JSON.stringify([target.uid, type, reason, message]))
      .digest('base64');
    const same = held.get(key);
    if (same !== undefined && atMs - same.lastMs < SAME_EVENT_MS) {
      const count = same.count + 1;
      try {
        await client.patch(
          RESOURCES.events,
          { namespace: target.namespace, name: same.name },
          { type: 'merge', body: { count, lastTimestamp: timestamp } },
        );
        Object.assign(same, { count, lastMs: atMs });
        return;
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error; // it expired: a new one follows
      }
    }
    await client
      .create(RESOURCES.events, target.namespace, {
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
      })
      .catch((error: unknown) => {
        if (!isReason(error, 'AlreadyExists')) throw error; // a try before was done, its answer got lost
      });
    putNewest(held, key, { name, count: 1, lastMs: atMs }, MAX_HELD);
  };

  const writeInTime = async (event: Recorded): Promise<void> => {
    const { reason, target } = event;
    for (let tries = 1; ; tries += 1) {
      try {
        if (isGivingUp) throw stopping.signal.reason;
        await write(event);
        return;
      } catch (error) {
        const isAway = error instanceof KeyferryError && AWAY.has(error.code);
        if (!isAway || tries >= TRIES || stopping.signal.aborted) {
          isGivingUp = stopping.signal.aborted;
          const { namespace, name } = target;
          log.warn('Event not written', { reason, namespace, name, error: errorText(error) });
          return;
        }
      }
      await clock.sleep(backoffMs(RETRY, tries, random), { signal: stopping.signal }).catch(() => undefined);
    }
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
      if (waiting >= MAX_WAITING) {
        log.warn('Event not written', {
          reason,
          namespace: target.namespace,
          name: target.name,
          error: 'too many wait for the API server',
        });
        return;
      }
      waiting += 1;
      const event = {
        target,
        type,
        reason,
        message: shortenMiddle(message, MAX_MESSAGE),
        atMs: clock.now(),
        name: `${target.name.slice(0, 230)}.${nameSuffix(random, 16)}`,
      };
      tail = tail
        .then(() => writeInTime(event))
        .finally(() => {
          waiting -= 1;
        });
    },
    flush: () => tail,
    [Symbol.asyncDispose]: () => {
      stopping.abort(new Error('stopping'));
      return tail;
    },
  };
}
