import { errorText } from '#base';
import type { Event } from '#kube';
import { ignoreNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { RESOURCES } from '../../resources.ts';

// kube-apiserver's default of --event-ttl.
const EVENT_TTL_MS = 60 * 60 * 1000;
const ROUND_MS = 60 * 1000;

/** When the event was last seen, milliseconds since the epoch; undefined when it does not say. */
export function lastSeenMs(event: Event): number | undefined {
  const { lastTimestamp, series, eventTime, firstTimestamp, metadata } = event;
  const times = [series?.lastObservedTime, lastTimestamp, eventTime, firstTimestamp, metadata.creationTimestamp];
  const known = times.map((time) => Date.parse(time ?? '')).filter((time) => !Number.isNaN(time));
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Whether the event is an hour old. */
export function isExpired(event: Event, nowMs: number): boolean {
  const seenMs = lastSeenMs(event);
  return seenMs !== undefined && nowMs - seenMs > EVENT_TTL_MS;
}

/** Deletes old events, once a minute. */
export function startEventExpiry(context: ControllerContext): AsyncDisposable {
  const { api, clock, log } = context;
  const stop = new AbortController();

  const round = async () => {
    const { items } = await api.list<Event>(RESOURCES.events);
    for (const event of items) {
      if (!isExpired(event, clock.now())) continue;
      const { namespace, name = '' } = event.metadata;
      await ignoreNotFound(api.delete(RESOURCES.events, { namespace, name }));
    }
  };

  const run = async () => {
    while (!stop.signal.aborted) {
      try {
        await round();
      } catch (error) {
        log.warn('Old events could not be deleted', { error: errorText(error) });
      }
      await clock.sleep(ROUND_MS, { signal: stop.signal }).catch(() => undefined);
    }
  };

  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
