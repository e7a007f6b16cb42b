import type { Clock } from '#base';
import type { AuditFacts, AuditLog, AuditRecord } from './service.ts';

/** What the gateway knows of an exchange when its response is ready. */
export type AuditExchange = Omit<AuditRecord, 'time' | 'operation' | 'result' | 'identity' | 'details'>;

/** The audit log together with its writing side, which only the gateway has. */
export interface WritableAuditLog extends AuditLog {
  /** Writes the one record of `request`, with the facts that services noted about it; undefined when no service saw one. */
  record(request: Request | undefined, exchange: AuditExchange): void;
}

/** What an audit log needs. */
export interface AuditLogOptions {
  readonly clock: Clock;
  /** How many records are kept. Default 10,000. */
  readonly capacity?: number;
  /** The display name of a principal: services know who asks from the token, by object id. */
  readonly nameOf?: (objectId: string) => string | undefined;
}

/** An empty audit log in memory: it starts anew with the lab. */
export function createAuditLog({ clock, capacity = 10_000, nameOf }: AuditLogOptions): WritableAuditLog {
  const facts = new WeakMap<Request, AuditFacts>();
  const kept: AuditRecord[] = [];
  const followers = new Set<(record: AuditRecord) => void>();
  return {
    note: (request, more) => {
      facts.set(request, { ...facts.get(request), ...more });
    },
    record: (request, exchange) => {
      const noted = (request === undefined ? undefined : facts.get(request)) ?? {};
      const record: AuditRecord = {
        time: new Date(clock.now()).toISOString(),
        operation: noted.operation ?? 'Unknown',
        result: noted.result ?? resultOf(exchange.status),
        ...exchange,
        ...(noted.identity === undefined ? {} : { identity: named(noted.identity, nameOf) }),
        ...(noted.details === undefined ? {} : { details: noted.details }),
        ...(noted.correlationId === undefined ? {} : { correlationId: noted.correlationId }),
      };
      kept.push(record);
      if (kept.length > capacity) kept.shift();
      for (const follower of followers) follower(record);
    },
    records: () => [...kept],
    follow: (signal) => follow(followers, signal),
  };
}

function resultOf(status: number): string {
  if (status === 0) return 'NoAnswer';
  return status < 400 ? 'Success' : `HTTP ${status}`;
}

function named(
  identity: NonNullable<AuditRecord['identity']>,
  nameOf: AuditLogOptions['nameOf'],
): NonNullable<AuditRecord['identity']> {
  const name = identity.name ?? nameOf?.(identity.objectId);
  return name === undefined ? identity : { ...identity, name };
}

/** Subscribes at once, not at the first `next()`: a record that is written between the two is not lost. */
function follow(followers: Set<(record: AuditRecord) => void>, signal: AbortSignal): AsyncIterable<AuditRecord> {
  const queue: AuditRecord[] = [];
  let wake: () => void = () => undefined;
  const onRecord = (record: AuditRecord) => {
    queue.push(record);
    wake();
  };
  const stop = () => {
    followers.delete(onRecord);
    signal.removeEventListener('abort', stop);
    wake();
  };
  if (!signal.aborted) {
    followers.add(onRecord);
    signal.addEventListener('abort', stop);
  }
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          for (let record = queue.shift(); record !== undefined; record = queue.shift()) yield record;
          if (!followers.has(onRecord)) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        stop();
      }
    },
  };
}
