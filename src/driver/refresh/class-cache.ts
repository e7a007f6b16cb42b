import {
  abortReason,
  createSingleFlight,
  KeyferryError,
  onAbort,
  putNewest,
  toKeyferryError,
  type Clock,
  type Log,
  type Random,
} from '#base';
import { startWatchLoop, type KubeClient, type KubeObject, type ObjectEvent } from '#kube';
import {
  getSecretProviderClass,
  parseSecretProviderClass,
  SECRET_CLASS_RESOURCES,
  type ParsedSecretProviderClass,
} from '#secretclass';
import { mark, parseIntervalAnnotation, refreshMark, type ClassInterval } from './refresh-annotations.ts';

/** Which class. */
export interface ClassKey {
  readonly namespace: string;
  readonly name: string;
}

/** A class as the driver keeps it. */
export interface CachedClass {
  readonly parsed: ParsedSecretProviderClass;
  readonly interval: ClassInterval;
  readonly marks: ClassMarks;
}

/** By what a volume sees that its class is another one than at its last check. */
export interface ClassMarks {
  /** Of all that the class asks for. */
  readonly spec: string;
  /** Of its refresh annotation; `''` where it has none. */
  readonly refresh: string;
}

/** The classes that volumes of this node use. */
export interface ClassCache extends AsyncDisposable {
  /** From memory where it is known, else from the API server. Throws as getSecretProviderClass and parseSecretProviderClass. */
  read(key: ClassKey, signal: AbortSignal): Promise<CachedClass>;
  /** Calls `listener` whenever a known class is another one than before, with what is known now. */
  onChange(listener: (key: ClassKey, marks: ClassMarks, interval: ClassInterval) => void): void;
}

/** What {@link startClassCache} needs. */
export interface ClassCacheOptions {
  readonly client: Pick<KubeClient, 'get' | 'list' | 'watch'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Default 512: more than a node has pods. */
  readonly maxClasses?: number;
}

interface Entry {
  readonly key: ClassKey;
  readonly version: string | undefined;
  readonly interval: ClassInterval;
  readonly marks: ClassMarks;
  /** Or why no volume can be made from it. */
  readonly parsed: ParsedSecretProviderClass | KeyferryError;
  /** It was deleted; kept, so that one that takes its place is noticed. */
  readonly gone: boolean;
}

const { classes: RESOURCE } = SECRET_CLASS_RESOURCES;

/**
 * Starts a {@link ClassCache}. One watch on all classes tells what changes, but only classes that were asked for are kept:
 * a cluster may have thousands, and each node needs a few. So a class costs one GET, when its first volume on the node is
 * mounted; and a class that was made just before its pod is found. Where the watch is not permitted, each read asks the
 * API server; while that does not answer, what is known counts.
 */
export function startClassCache(options: ClassCacheOptions): ClassCache {
  const { client, clock, random, log, maxClasses = 512 } = options;
  // In the order of use, the latest last.
  const entries = new Map<string, Entry>();
  const flights = createSingleFlight<Entry>();
  /** What events told about classes while they were being read. */
  const told = new Map<string, ObjectEvent>();
  const reading = new Set<string>();
  const stop = new AbortController();
  let listener: Parameters<ClassCache['onChange']>[0] = () => undefined;

  const put = (entry: Entry) => {
    const id = idOf(entry.key);
    const before = entries.get(id);
    if (before !== undefined && !before.gone && isOlder(entry.version, before.version)) return;
    putNewest(entries, id, entry, maxClasses);
    if (before !== undefined && differs(before, entry)) listener(entry.key, entry.marks, entry.interval);
  };

  const onEvent = (event: ObjectEvent) => {
    const { namespace = '', name = '' } = event.object.metadata;
    const id = idOf({ namespace, name });
    if (reading.has(id)) told.set(id, event);
    else if (event.type === 'DELETED') markGone(id);
    else if (entries.has(id)) put(toEntry(event.object));
  };

  const markGone = (id: string) => {
    const before = entries.get(id);
    if (before !== undefined) entries.set(id, { ...before, gone: true });
  };

  /** Without the signal of a caller: others may share it. */
  const fetch = (key: ClassKey): Promise<Entry> => {
    const id = idOf(key);
    return flights.run(id, async () => {
      reading.add(id);
      try {
        const entry = toEntry(await getSecretProviderClass(client, key, { signal: stop.signal }), key);
        put(entry);
        return entry;
      } catch (error) {
        if (toKeyferryError(error).code === 'not-found') markGone(id);
        throw error;
      } finally {
        reading.delete(id);
        const event = told.get(id);
        told.delete(id);
        if (event !== undefined) onEvent(event);
      }
    });
  };

  const loop = startWatchLoop({
    client,
    resource: RESOURCE,
    clock,
    random,
    log,
    // Where to begin is all that is needed of the list; what is known is read anew.
    resync: async (signal) => {
      const { metadata } = await client.list(RESOURCE, { limit: 1 }, { signal });
      for (const key of Array.from(entries.values(), (entry) => entry.key)) {
        await fetch(key).catch((error: unknown) => {
          if (toKeyferryError(error).code !== 'not-found') throw error;
        });
      }
      return metadata.resourceVersion;
    },
    onEvent,
  });

  const find = (key: ClassKey): Promise<Entry> | Entry => {
    const id = idOf(key);
    const known = entries.get(id);
    if (known === undefined || known.gone) return fetch(key);
    // Where the API server does not answer there is nothing better than what is known.
    if (loop.state !== 'following' && loop.state !== 'unreachable') return fetch(key);
    entries.delete(id);
    entries.set(id, known);
    return known;
  };

  return {
    async read(key, signal) {
      const { parsed, interval, marks } = await unlessAborted(Promise.resolve(find(key)), signal);
      if (parsed instanceof KeyferryError) throw parsed;
      return { parsed, interval, marks };
    },
    onChange: (next) => {
      listener = next;
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new KeyferryError('aborted', 'the driver stops'));
      await loop[Symbol.asyncDispose]();
    },
  };
}

function toEntry(object: KubeObject, key?: ClassKey): Entry {
  const { namespace = '', name = '', annotations = {}, resourceVersion } = object.metadata;
  return {
    key: key ?? { namespace, name },
    version: resourceVersion,
    interval: parseIntervalAnnotation(annotations),
    marks: { spec: mark(JSON.stringify(object['spec'] ?? null)), refresh: refreshMark(annotations) },
    parsed: parseOrFailure(object),
    gone: false,
  };
}

function parseOrFailure(object: KubeObject): ParsedSecretProviderClass | KeyferryError {
  try {
    return parseSecretProviderClass(object);
  } catch (error) {
    return toKeyferryError(error);
  }
}

function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(abortReason(signal)));
    result.then(resolve, reject).finally(stopListening);
  });
}

function idOf({ namespace, name }: ClassKey): string {
  return `${namespace}/${name}`;
}

/** Resource versions of one resource are numbers that grow (KEP-5504); what is no number is taken as newer. */
function isOlder(version: string | undefined, than: string | undefined): boolean {
  return version !== undefined && than !== undefined && Number(version) < Number(than);
}

function differs(before: Entry, now: Entry): boolean {
  return (
    before.marks.spec !== now.marks.spec ||
    before.marks.refresh !== now.marks.refresh ||
    before.interval.intervalMs !== now.interval.intervalMs
  );
}
