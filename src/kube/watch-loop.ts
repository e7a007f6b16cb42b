import {
  backoffMs,
  errorText,
  KeyferryError,
  linkSignals,
  toKeyferryError,
  type Clock,
  type Log,
  type Random,
} from '#base';
import type { KubeClient, KubeListQuery } from './client.ts';
import { isReason } from './errors.ts';
import { resourcePath } from './resources.ts';
import type { KubeObject, ResourceRef } from './types.ts';

/** Something that happened to an object, as the API server tells it. */
export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** What {@link startWatchLoop} needs. */
export interface WatchLoopOptions {
  readonly client: Pick<KubeClient, 'watch'>;
  readonly resource: ResourceRef;
  readonly query?: KubeListQuery;
  /** Learns what is there now and answers the resource version to watch from. Called at the start and after each gap. */
  readonly resync: (signal: AbortSignal) => Promise<string>;
  readonly onEvent: (event: ObjectEvent) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A watch that goes on until it is disposed. */
export interface WatchLoop extends AsyncDisposable {
  /** Whether what the events have told is what there is. */
  readonly state: WatchState;
}

/**
 * `following`: since the last resync nothing failed, so all is known up to the events' delay. `unreachable`: the API server
 * does not answer, or does not take this process's own token, as after a suspension until kubelet has written the next one;
 * what is known is what there was a while ago, and is learned anew with the first answer. `refused`: it answers, but does
 * not let this be followed. `starting`: nothing is known yet.
 */
export type WatchState = 'starting' | 'following' | 'unreachable' | 'refused';

const BACKOFF = { initialMs: 500, maxMs: 60_000, jitter: 0.3 };
// Somebody has to grant the permission first.
const FORBIDDEN_PAUSE_MS = 300_000;
// The server is asked to end a watch after this time. One that goes on much longer hangs on a dead connection.
const WATCH_SECONDS = 300;
const EMPTY_WATCH_MS = 500;
const DEAD_WATCH_MS = (WATCH_SECONDS + 30) * 1000;

/** Follows a resource: resync, then watch from there; a watch that fell behind (410) resyncs. A missing permission is logged once. */
export function startWatchLoop(options: WatchLoopOptions): WatchLoop {
  const { client, resource, query = {}, resync, onEvent, clock, random, log } = options;
  const stop = new AbortController();
  let version: string | undefined;
  let state: WatchState = 'starting';
  let forbidden = false;
  /** Since a watch told something, or came to its end. */
  let failures = 0;

  const isWell = () => {
    state = 'following';
    failures = 0;
    forbidden = false;
  };

  const follow = async (resourceVersion: string) => {
    const linked = linkSignals(stop.signal);
    const alive = new AbortController();
    const dead = clock.sleep(DEAD_WATCH_MS, { signal: alive.signal }).then(
      () => linked.abort(),
      () => undefined,
    );
    try {
      const watch = { ...query, resourceVersion, timeoutSeconds: WATCH_SECONDS, signal: linked.signal };
      let events = 0;
      for await (const { type, object } of client.watch(resource, watch)) {
        events += 1;
        isWell();
        version = object.metadata.resourceVersion ?? version;
        if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') onEvent({ type, object });
      }
      isWell();
      // A server that ends each watch at once must not be asked in a tight loop.
      if (events === 0 && !linked.signal.aborted) await clock.sleep(EMPTY_WATCH_MS, { signal: linked.signal });
    } finally {
      alive.abort();
      linked[Symbol.dispose]();
      await dead;
    }
  };

  /** Says why it failed, and answers how long to wait. */
  const pauseAfter = (error: unknown): number => {
    const path = resourcePath(resource);
    if (!isReason(error, 'Forbidden')) {
      log.warn('Informer failed, it tries again', { path, failures, error: errorText(error) });
      return backoffMs(BACKOFF, failures, random);
    }
    if (!forbidden) log.warn('Not permitted to list and watch', { path, error: errorText(error) });
    forbidden = true;
    return FORBIDDEN_PAUSE_MS;
  };

  const run = async () => {
    while (!stop.signal.aborted) {
      try {
        if (version === undefined) version = await resync(stop.signal);
        else await follow(version);
        state = 'following';
      } catch (error) {
        if (stop.signal.aborted) return;
        failures += 1;
        const isExpired = isReason(error, 'Expired') || isReason(error, 'Gone');
        // A watch that fails again and again may miss what a list would tell.
        if (isExpired || failures > 1) version = undefined;
        if (isExpired && failures === 1) continue;
        state = isUnreachable(error) ? 'unreachable' : 'refused';
        await clock.sleep(pauseAfter(error), { signal: stop.signal }).catch(() => undefined);
      }
    }
  };
  const running = run();
  return {
    get state() {
      return state;
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new KeyferryError('aborted', 'the watch stops'));
      await running;
    },
  };
}

function isUnreachable(error: unknown): boolean {
  const { code } = toKeyferryError(error);
  return code === 'unavailable' || code === 'deadline-exceeded' || code === 'unauthenticated';
}
