import { putNewest, type Clock } from '#base';
import type { AccessToken, AzureClients, CallOptions, Cloud, Identity, TokenSource, VaultReader } from '#azure';
import { objectKey, type FetchedObject, type ObjectRef } from './vault-object.ts';
import type { FetchReport, HowHad, RequestFacts, Wait } from './fetch-report.ts';
import type { BrokerEvents } from './events.ts';
import type { GateCall, ServiceGate } from './service-gate.ts';
import { createSharedCalls } from './shared-calls.ts';

/** What a session works with; the gate is the node's. */
export interface SessionOptions {
  readonly clock: Clock;
  readonly azure: AzureClients;
  readonly gate: ServiceGate;
  readonly events: BrokerEvents;
  readonly cloud: Cloud;
  readonly tenantId: string;
  readonly identity: Identity;
  /** How many objects it keeps; the ones used least recently go first. */
  readonly maxObjects: number;
}

/** One fetch for one mount. */
export interface FetchCall extends GateCall {
  /** Told how the object, and the token for it, were had. */
  readonly report?: FetchReport | undefined;
}

/**
 * One identity, proved once: the token of one exchange and what was read with it. It has no end of its own: the broker
 * lets go of the whole of it when the window since its start is over, so nothing in it can outlive the proof.
 */
export interface Session {
  /** When it began, before its exchange, {@link Clock.monotonic} milliseconds. */
  readonly startedAtMs: number;
  /** Reads one object, or answers what was read or is being read already. */
  fetch(vaultUrl: string, object: ObjectRef, call: FetchCall): Promise<FetchedObject>;
  /** Asks a vault for something else, by `key`, which is equal for equal questions to one vault: a list. */
  ask<T>(vaultUrl: string, key: string, call: FetchCall, question: Question<T>): Promise<T>;
  /** Whether anything was read, or is being read, so that an answer of it may be older than now. */
  readonly hasRead: boolean;
  /** Forgets tokens and values. */
  drop(): void;
}

/** One request to a vault. */
export type Question<T> = (reader: VaultReader, options: CallOptions) => Promise<T>;

/** A session that has not asked for anything yet. */
export function createSession(options: SessionOptions): Session {
  const { clock, azure, gate, events, cloud, tenantId, identity, maxObjects } = options;
  const source = azure.tokenSource(cloud, { ...identity, tenantId });
  const exchanges = createSharedCalls<AccessToken>();
  const challenges = createSharedCalls<string>();
  const reads = createSharedCalls<unknown>();
  const tokens = new Map<string, AccessToken>();
  const readers = new Map<string, VaultReader>();
  const scopes = new Map<string, string>();
  const values = new Map<string, unknown>();
  // What each read that is under way waits for just now.
  const waits = new Map<string, Wait>();
  let hasRead = false;
  // Of what runs or is kept, by scope and by object; facts about requests, never what they were answered.
  const exchangeFacts = new Map<string, RequestFacts>();
  const readFacts = new Map<string, RequestFacts>();

  /** Runs the one request for `key`, and keeps its facts for all who will share its answer. */
  const asked = async <T>(facts: Map<string, RequestFacts>, key: string, request: AskFor<T>): Promise<T> => {
    const entry: RequestFacts = { askedAtMs: clock.now() };
    const startMs = clock.monotonic();
    putNewest(facts, key, entry, maxObjects);
    try {
      return await request((correlationId) => {
        entry.correlationId = correlationId;
      });
    } finally {
      entry.tookMs = clock.monotonic() - startMs;
    }
  };
  const factsOf = (facts: ReadonlyMap<string, RequestFacts>, key: string): RequestFacts =>
    facts.get(key) ?? { askedAtMs: clock.now() };

  const token = async (scope: string, call: FetchCall): Promise<AccessToken> => {
    const tell = (how: HowHad) => call.report?.token(how, factsOf(exchangeFacts, scope));
    const kept = tokens.get(scope);
    if (kept !== undefined && kept.expiresAtMs > clock.now()) {
      events.answered('token', 'kept');
      tell('kept');
      return kept;
    }
    const how = exchanges.has(scope) ? 'shared' : 'fetched';
    events.answered('token', how);
    const exchange = exchanges.run(scope, call.signal, (signal) =>
      asked(exchangeFacts, scope, async (onSent) => {
        const fresh = await gate.run(source.service, { ...call, signal }, () =>
          source.token(scope, { signal, onSent }),
        );
        tokens.set(scope, fresh);
        return fresh;
      }),
    );
    tell(how);
    return exchange;
  };

  const reader = (vaultUrl: string): VaultReader => {
    const known = readers.get(vaultUrl);
    if (known !== undefined) return known;
    const keptTokens: Pick<TokenSource, 'token'> = {
      // Claims come from a vault that wants more than the kept token says: then only a new one helps.
      token: (scope, { signal, claims }) =>
        claims === undefined
          ? token(scope, { signal, deadlineMs: clock.monotonic() })
          : source.token(scope, { signal, claims }),
    };
    const made = azure.vaultReader({ cloud, vaultUrl, tokens: keptTokens });
    readers.set(vaultUrl, made);
    return made;
  };

  /** The scope of a vault's tokens: the cloud's, or what the vault itself says, once for all who read it here. */
  const scopeOf = async (vaultUrl: string, call: FetchCall): Promise<string> => {
    if (cloud.vaultResource !== undefined) return `${cloud.vaultResource}/.default`;
    const known = scopes.get(vaultUrl);
    if (known !== undefined) {
      events.answered('challenge', 'kept');
      return known;
    }
    events.answered('challenge', challenges.has(vaultUrl) ? 'shared' : 'fetched');
    return challenges.run(vaultUrl, call.signal, async (signal) => {
      const scope = await gate.run(vaultUrl, { ...call, signal }, () => reader(vaultUrl).challenge({ signal }));
      scopes.set(vaultUrl, scope);
      return scope;
    });
  };

  const read = async <T>(vaultUrl: string, id: string, call: FetchCall, question: Question<T>): Promise<T> => {
    const begin = (what: Wait['what'], service: string) =>
      waits.set(id, { what, service, sinceMs: clock.monotonic(), trouble: () => gate.trouble(service) });
    try {
      // Before the vault's gate, so that trouble with whoever gives out tokens does not count as the vault's.
      begin('challenge', vaultUrl);
      const scope = await scopeOf(vaultUrl, call);
      begin('token', source.service);
      await token(scope, call);
      begin('object', vaultUrl);
      hasRead = true;
      const answer = await asked(readFacts, id, (onSent) =>
        gate.run(vaultUrl, call, () => question(reader(vaultUrl), { signal: call.signal, onSent })),
      );
      putNewest(values, id, answer, maxObjects);
      return answer;
    } finally {
      waits.delete(id);
    }
  };

  const ask: Session['ask'] = async <T>(vaultUrl: string, key: string, call: FetchCall, question: Question<T>) => {
    const id = `${vaultUrl} ${key}`;
    const how = values.has(id) ? 'kept' : reads.has(id) ? 'shared' : 'fetched';
    events.answered('object', how);
    // What is shared or kept was read with the session's own token.
    const scope = scopes.get(vaultUrl) ?? (cloud.vaultResource && `${cloud.vaultResource}/.default`);
    if (how !== 'fetched' && scope !== undefined) call.report?.token(how, factsOf(exchangeFacts, scope));
    const kept = values.get(id);
    const done = kept === undefined ? call.report?.waits(() => waits.get(id)) : undefined;
    try {
      if (kept !== undefined) {
        putNewest(values, id, kept, maxObjects);
        return kept as T;
      }
      return (await reads.run(id, call.signal, (signal) => read(vaultUrl, id, { ...call, signal }, question))) as T;
    } finally {
      done?.();
      // Nothing was asked of the vault when there was no token for it.
      const facts = readFacts.get(id);
      if (facts !== undefined) call.report?.object(key, how, facts);
    }
  };

  return {
    startedAtMs: clock.monotonic(),
    get hasRead() {
      return hasRead;
    },
    ask,
    fetch: (vaultUrl, object, call) =>
      ask(vaultUrl, objectKey(object), call, (vault, callOptions) => readObject(vault, object, callOptions)),
    drop() {
      tokens.clear();
      readers.clear();
      scopes.clear();
      values.clear();
      // The facts stay for the mounts that are still under way.
    },
  };
}

async function readObject(reader: VaultReader, object: ObjectRef, options: CallOptions): Promise<FetchedObject> {
  const { type, name, version } = object;
  switch (type) {
    case 'secret':
      return { type, ...(await reader.getSecret(name, version, options)) };
    case 'key':
      return { type, ...(await reader.getKey(name, version, options)) };
    case 'cert':
    default:
      return { type, ...(await reader.getCertificate(name, version, options)) };
  }
}

/** Makes a request; `onSent` is to be told its correlation id. */
type AskFor<T> = (onSent: (correlationId: string) => void) => Promise<T>;
