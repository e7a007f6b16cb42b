import { linkSignals } from '#base';
import type { KubeObject, WatchEvent } from '#kube';
import { machineTime } from '#lab/clock';
import type { ApiError, ListQuery } from '../../api-access.ts';
import { groupVersion, type Kind } from '../kinds/kind.ts';
import { badRequest } from '../status-errors.ts';
import type { ObjectChange } from '../storage/object-storage.ts';
import type { ApiContext } from './context.ts';
import { selectorOf } from './read.ts';
import { fromStored } from './versions.ts';

/** What a watch asks for. */
export interface WatchQuery extends ListQuery {
  /** Events after this revision; undefined, '' and '0' begin with an ADDED for each present object, unless sendInitialEvents says no. */
  readonly resourceVersion?: string | undefined;
  /** WatchList: present objects first, then a bookmark that says that they are all (KEP-3157). */
  readonly sendInitialEvents?: boolean | undefined;
  readonly allowBookmarks?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** How often a quiet watch gets a bookmark, milliseconds. */
const BOOKMARK_EVERY_MS = 60_000;
/**
 * A client that is this many events behind is cut off, so that one that does not read costs no more memory than these:
 * kube-apiserver ends such a watch, too, and the client goes on from the last version that it saw.
 */
const MAX_QUEUED = 10_000;

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** The changes of a collection as they happen. Ends when the signal aborts or the time is up. */
export async function* watchObjects(
  context: ApiContext,
  kind: Kind,
  query: WatchQuery,
): AsyncGenerator<WatchEvent, void, undefined> {
  const { storage, clock } = context;
  const matches = selectorOf(kind, query);
  const from = initialRevision(query);
  const start = from ?? storage.revision;
  const present: WatchEvent[] = [];
  if (from === undefined && query.sendInitialEvents !== false) {
    for (const object of storage.list(kind.collection, query.namespace)) {
      const shown = fromStored(kind, object);
      if (matches(shown)) present.push({ type: 'ADDED', object: shown });
    }
    if (query.sendInitialEvents === true && query.allowBookmarks === true) {
      present.push(bookmark(kind, start, { [INITIAL_EVENTS_END]: 'true' }));
    }
  }
  const queue: WatchEvent[] = [];
  let wake: () => void = () => undefined;
  const ending = linkSignals(query.signal);
  const push = (event: WatchEvent | undefined) => {
    if (event === undefined || ending.signal.aborted) return;
    if (queue.length < MAX_QUEUED) {
      queue.push(event);
    } else {
      // Now, not when the client reads again, which it may never do.
      queue.length = 0;
      unsubscribe?.();
      ending.abort();
    }
    wake();
  };
  let unsubscribe: (() => void) | undefined;
  const onEnd = () => wake();
  ending.signal.addEventListener('abort', onEnd);
  const sleep = (ms: number, act: () => void) => {
    machineTime(clock)
      .sleep(ms, { signal: ending.signal })
      .then(act, () => undefined);
  };
  const bookmarkLater = () =>
    sleep(BOOKMARK_EVERY_MS, () => {
      push(bookmark(kind, storage.revision));
      bookmarkLater();
    });
  if (query.timeoutMs !== undefined) sleep(query.timeoutMs, () => ending.abort());
  if (query.allowBookmarks === true) bookmarkLater();
  try {
    unsubscribe = storage.subscribe(kind.collection, start, (change) => push(eventOf(kind, matches, change)));
    for (const event of present) {
      if (ending.signal.aborted) return;
      yield event;
    }
    present.length = 0; // a watch goes on for long, and these objects change
    while (!ending.signal.aborted) {
      const event = queue.shift();
      if (event !== undefined) {
        yield event;
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (ending.signal.aborted || queue.length > 0) resolve();
      });
    }
  } finally {
    unsubscribe?.();
    ending.signal.removeEventListener('abort', onEnd);
    ending.abort();
  }
}

/** The revision that a watch goes on from; undefined begins with what is there. Throws 400 for one that is no number. */
export function initialRevision(query: Pick<WatchQuery, 'resourceVersion' | 'sendInitialEvents'>): number | undefined {
  const { resourceVersion = '' } = query;
  if (query.sendInitialEvents === true || resourceVersion === '' || resourceVersion === '0') return undefined;
  const revision = Number(resourceVersion);
  if (!Number.isInteger(revision) || revision < 0) {
    throw badRequest(
      `Invalid value: "${resourceVersion}": strconv.ParseUint: parsing "${resourceVersion}": invalid syntax`,
    );
  }
  return revision;
}

/** What a change means for those who see only what `matches` lets through. */
function eventOf(kind: Kind, matches: (object: KubeObject) => boolean, change: ObjectChange): WatchEvent | undefined {
  const object = fromStored(kind, change.object);
  const before = change.previous === undefined ? undefined : fromStored(kind, change.previous);
  const seenBefore = before !== undefined && matches(before);
  const seenNow = change.type !== 'DELETED' && matches(object);
  if (seenNow) return { type: seenBefore ? 'MODIFIED' : 'ADDED', object };
  return seenBefore ? { type: 'DELETED', object: atRevision(before, change.revision) } : undefined;
}

function atRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

function bookmark(kind: Kind, revision: number, annotations?: Record<string, string>): WatchEvent {
  return {
    type: 'BOOKMARK',
    object: {
      apiVersion: groupVersion(kind),
      kind: kind.kind,
      metadata: { resourceVersion: String(revision), ...(annotations === undefined ? {} : { annotations }) },
    },
  };
}

/** A refusal as the ERROR event that ends a watch. */
export function errorEvent(error: ApiError): WatchEvent<ApiError['body']> {
  return { type: 'ERROR', object: error.body };
}
