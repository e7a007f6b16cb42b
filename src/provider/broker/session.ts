import type { Clock } from '#base';
import type { AccessToken, AzureClients, Cloud, Credential, SecretReader, TokenSource } from '#azure';
import { objectKey, type ObjectRef } from '../fetch-plan.ts';
import type { FetchedObject } from '../object-files.ts';
import type { Identity } from '../identity.ts';
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

/**
 * One identity, proved once: the token of one exchange and what was read with it. It has no end of its own: the broker
 * lets go of the whole of it when the window since its start is over, so nothing in it can outlive the proof.
 */
export interface Session {
  /** When it began, before its exchange, {@link Clock.monotonic} milliseconds. */
  readonly startedAtMs: number;
  /** Reads one object, or answers what was read or is being read already. */
  fetch(vaultUrl: string, object: ObjectRef, call: GateCall): Promise<FetchedObject>;
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
  const readers = new Map<string, SecretReader>();
  const values = new Map<string, FetchedObject>();

  const token = async (scope: string, call: GateCall): Promise<AccessToken> => {
    const kept = tokens.get(scope);
    if (kept !== undefined && kept.expiresAtMs > clock.now()) {
      events.answered('token', 'kept');
      return kept;
    }
    events.answered('token', exchanges.has(scope) ? 'shared' : 'fetched');
    return exchanges.run(scope, call.signal, async (signal) => {
      const fresh = await gate.run(cloud.authorityHost, { ...call, signal }, () => source.token(scope, { signal }));
      tokens.set(scope, fresh);
      return fresh;
    });
  };

  const reader = (vaultUrl: string): SecretReader => {
    const known = readers.get(vaultUrl);
    if (known !== undefined) return known;
    const keptTokens: TokenSource = {
      // Claims come from a vault that wants more than the kept token says: then only a new one helps.
      token: (scope, { signal, claims }) =>
        claims === undefined
          ? token(scope, { signal, deadlineMs: clock.monotonic() })
          : source.token(scope, { signal, claims }),
    };
    const made = azure.secretReader({ cloud, vaultUrl, tokens: keptTokens });
    readers.set(vaultUrl, made);
    return made;
  };

  const read = async (vaultUrl: string, object: ObjectRef, call: GateCall): Promise<FetchedObject> => {
    // Before the vault's gate, so that trouble with Entra ID does not count as the vault's.
    if (cloud.vaultResource !== undefined) await token(`${cloud.vaultResource}/.default`, call);
    const secret = await gate.run(vaultUrl, call, () =>
      reader(vaultUrl).getSecret(object.name, object.version, { signal: call.signal }),
    );
    return { type: 'secret', ...secret };
  };

  return {
    startedAtMs: clock.monotonic(),
    async fetch(vaultUrl, object, call) {
      const key = `${vaultUrl} ${objectKey(object)}`;
      const kept = values.get(key);
      if (kept !== undefined) {
        events.answered('object', 'kept');
        values.delete(key);
        values.set(key, kept);
        return kept;
      }
      events.answered('object', reads.has(key) ? 'shared' : 'fetched');
      return reads.run(key, call.signal, async (signal) => {
        const fetched = await read(vaultUrl, object, { ...call, signal });
        keep(values, key, fetched, maxObjects);
        return fetched;
      });
    },
    drop() {
      tokens.clear();
      readers.clear();
      values.clear();
    },
  };
}

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
