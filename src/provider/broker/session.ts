import type { Clock } from '#base';
import type { AccessToken, AzureClients, Cloud, Credential, TokenSource, VaultReader } from '#azure';
import { objectKey, type ObjectRef } from '../fetch-plan.ts';
import type { FetchedObject } from '../object-files.ts';
import type { Identity } from '../identity.ts';
import type { FetchReport, HowHad, RequestFacts } from './fetch-report.ts';
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
  /** Forgets tokens and values. */
  drop(): void;
}

/** A session that has not asked for anything yet. */
export function createSession(options: SessionOptions): Session {
  const { clock, azure, gate, events, cloud, maxObjects } = options;
  const source = azure.tokenSource(cloud, credentialOf(options));
  const exchanges = createSharedCalls<AccessToken>();
  const reads = createSharedCalls<FetchedObject>();
  const tokens = new Map<string, AccessToken>();
  const readers = new Map<string, VaultReader>();
  const values = new Map<string, FetchedObject>();
  // Of what runs or is kept, by scope and by object; facts about requests, never what they were answered.
  const exchangeFacts = new Map<string, RequestFacts>();
  const readFacts = new Map<string, RequestFacts>();

  /** Runs the one request for `key`, and keeps its facts for all who will share its answer. */
  const asked = async <T>(facts: Map<string, RequestFacts>, key: string, request: AskFor<T>): Promise<T> => {
    const entry: RequestFacts = { askedAtMs: clock.now() };
    const startMs = clock.monotonic();
    keep(facts, key, entry, maxObjects);
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
        const fresh = await gate.run(cloud.authorityHost, { ...call, signal }, () =>
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
    const keptTokens: TokenSource = {
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

  const tokenScope = cloud.vaultResource === undefined ? undefined : `${cloud.vaultResource}/.default`;

  const read = async (vaultUrl: string, object: ObjectRef, key: string, call: FetchCall): Promise<FetchedObject> => {
    // Before the vault's gate, so that trouble with Entra ID does not count as the vault's.
    if (tokenScope !== undefined) await token(tokenScope, call);
    return asked(readFacts, key, (onSent) =>
      gate.run(vaultUrl, call, () => readObject(reader(vaultUrl), object, { signal: call.signal, onSent })),
    );
  };

  return {
    startedAtMs: clock.monotonic(),
    async fetch(vaultUrl, object, call) {
      const key = `${vaultUrl} ${objectKey(object)}`;
      const how = values.has(key) ? 'kept' : reads.has(key) ? 'shared' : 'fetched';
      events.answered('object', how);
      // What is shared or kept was read with the session's own token.
      if (how !== 'fetched' && tokenScope !== undefined) {
        call.report?.token(how, factsOf(exchangeFacts, tokenScope));
      }
      const kept = values.get(key);
      try {
        if (kept !== undefined) {
          values.delete(key);
          values.set(key, kept);
          return kept;
        }
        return await reads.run(key, call.signal, async (signal) => {
          const fetched = await read(vaultUrl, object, key, { ...call, signal });
          keep(values, key, fetched, maxObjects);
          return fetched;
        });
      } finally {
        // Nothing was asked of the vault when there was no token for it.
        const facts = readFacts.get(key);
        if (facts !== undefined) call.report?.object(objectKey(object), how, facts);
      }
    },
    drop() {
      tokens.clear();
      readers.clear();
      values.clear();
      // The facts stay for the mounts that are still under way.
    },
  };
}

async function readObject(reader: VaultReader, object: ObjectRef, options: ReadOptions): Promise<FetchedObject> {
  const { type, name, version } = object;
  switch (type) {
    case 'secret':
      return { type, ...(await reader.getSecret(name, version, options)) };
    case 'key':
      return { type, ...(await reader.getKey(name, version, options)) };
    case 'cert':
      return { type, ...(await reader.getCertificate(name, version, options)) };
  }
}

type ReadOptions = Parameters<VaultReader['getSecret']>[2];

/** Makes a request; `onSent` is to be told its correlation id. */
type AskFor<T> = (onSent: (correlationId: string) => void) => Promise<T>;

function credentialOf({ tenantId, identity }: SessionOptions): Credential {
  const { clientId } = identity;
  return identity.mode === 'workload-identity'
    ? { mode: identity.mode, tenantId, clientId, assertion: identity.token }
    : { mode: identity.mode, tenantId, clientId, clientSecret: identity.clientSecret };
}

function keep<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= max) break;
    map.delete(oldest);
  }
}
