import { KeyferryError, Secret, type Clock, type Log, type Random } from '#base';
import type { JWTPayload } from 'jose';
import type { AzureClients } from '#azure';
import type { FetchedObject, ObjectRef } from './vault-object.ts';
import type { ClusterKeys } from './cluster-keys.ts';
import { silentEvents, type BrokerEvents } from './events.ts';
import { proveCaller, type Caller, type NoProofReason, type Proof } from './proof.ts';
import { createServiceGate } from './service-gate.ts';
import { createSession, type FetchCall, type Question, type Session } from './session.ts';

/** What a broker works with. */
export interface BrokerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly azure: AzureClients;
  /** Undefined: no cluster keys, so service account tokens prove nothing and every mount makes its own exchange. */
  readonly clusterKeys: ClusterKeys | undefined;
  /** How long answers may serve equal callers after the exchange began. 0: never; every mount proves itself. */
  readonly freshnessWindowMs: number;
  readonly events?: BrokerEvents;
  /** Identities that are kept at the same time. Default 256. */
  readonly maxSessions?: number;
  /** Objects that are kept for one identity. Default 512. */
  readonly maxObjects?: number;
  /** Requests that one vault or authority gets at the same time. Default 16. */
  readonly maxConcurrent?: number;
}

/** One mount's way to the vaults. */
export interface Admission {
  /** Why the caller shares with nobody; undefined: it proved who it is. */
  readonly unshared: NoProofReason | undefined;
  /** What the caller's token claims, where its signature was checked. */
  readonly claims: JWTPayload | undefined;
  fetch(vaultUrl: string, object: ObjectRef, call: FetchCall): Promise<FetchedObject>;
  /** Asks a vault for something else than an object; `key` is equal for equal questions to one vault. */
  ask<T>(vaultUrl: string, key: string, call: FetchCall, question: Question<T>): Promise<T>;
}

/** How a caller wants to be served. */
export interface AdmitOptions {
  readonly signal: AbortSignal;
  /** Answers have to be as new as this, {@link Clock.monotonic} milliseconds: a session of before is not shared, a new one begins. */
  readonly freshSinceMs?: number | undefined;
}

/**
 * All fetches of the node. Callers with equal proofs (proof.ts holds the safety argument) share running requests, and their
 * answers for `freshnessWindowMs` from the start of the exchange that proved the identity; then tokens and values are
 * dropped and the next caller proves the identity again. Failures are shared only among those who wait together.
 */
export interface Broker extends AsyncDisposable {
  /** How many identities it holds answers for now. */
  readonly size: number;
  /** Checks what the caller brought. It never refuses: a caller without a proof gets a session of its own. */
  admit(caller: Caller, options: AdmitOptions): Promise<Admission>;
}

/** A broker that holds nothing yet. Disposing it drops everything it holds. */
export function createBroker(options: BrokerOptions): Broker {
  const { clock, random, log, azure, clusterKeys, freshnessWindowMs: windowMs, events = silentEvents } = options;
  const { maxSessions = 256, maxObjects = 512, maxConcurrent = 16 } = options;
  const gate = createServiceGate({ clock, random, maxConcurrent, onPause: events.paused });
  const digestKey = new Secret<Uint8Array>(random.bytes(32));
  const sessions = new Map<string, Session>();
  const stop = new AbortController();
  const endings = new Set<Promise<void>>();

  const open = ({ cloud, tenantId, identity }: Caller): Session =>
    createSession({ clock, azure, gate, events, cloud, tenantId, identity, maxObjects });

  const forget = (key: string, session: Session): void => {
    if (sessions.get(key) === session) sessions.delete(key);
    session.drop();
  };

  const sharedSession = (key: string, caller: Caller, freshSinceMs: number): Session => {
    const known = sessions.get(key);
    // One that has read nothing yet has no answer that could be too old: those who come at once share it.
    const isNewEnough = known !== undefined && (known.startedAtMs >= freshSinceMs || !known.hasRead);
    if (isNewEnough && clock.monotonic() - known.startedAtMs < windowMs) {
      sessions.delete(key);
      sessions.set(key, known);
      return known;
    }
    if (known !== undefined) forget(key, known);
    for (const [oldestKey, oldest] of sessions) {
      if (sessions.size < maxSessions) break;
      forget(oldestKey, oldest);
    }
    const session = open(caller);
    sessions.set(key, session);
    // Values leave the memory when the window ends, not only when somebody asks again.
    const ending = clock.sleep(windowMs, { signal: stop.signal }).then(
      () => forget(key, session),
      () => undefined,
    );
    endings.add(ending);
    void ending.finally(() => endings.delete(ending));
    return session;
  };

  const shared = (key: string, claims: JWTPayload | undefined, caller: Caller, freshSinceMs: number): Admission => {
    const inSession = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
      // Looked up each time: a mount that takes longer than the window goes on with a proof of its own.
      const session = sharedSession(key, caller, freshSinceMs);
      try {
        return await work(session);
      } catch (error) {
        // A refused identity is asked again by the next caller with the next caller's own token.
        if (error instanceof KeyferryError && error.code === 'unauthenticated') forget(key, session);
        throw error;
      }
    };
    return {
      unshared: undefined,
      claims,
      fetch: (vaultUrl, object, call) => inSession((session) => session.fetch(vaultUrl, object, call)),
      ask: (vaultUrl, question, call, work) => inSession((session) => session.ask(vaultUrl, question, call, work)),
    };
  };

  return {
    get size() {
      return sessions.size;
    },
    async admit(caller, { signal, freshSinceMs = Number.NEGATIVE_INFINITY }) {
      const proof: Proof =
        windowMs <= 0
          ? { proved: false, reason: 'sharing-off' }
          : await proveCaller(caller, { clock, clusterKeys, digestKey }, signal);
      if (proof.proved) return shared(proof.key, proof.claims, caller, freshSinceMs);
      events.unshared(proof.reason);
      log.debug('Caller shares with nobody', { reason: proof.reason, namespace: caller.pod.namespace });
      const session = open(caller);
      return { unshared: proof.reason, claims: undefined, fetch: session.fetch, ask: session.ask };
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new KeyferryError('unavailable', 'the provider is stopping'));
      for (const [key, session] of sessions) forget(key, session);
      await Promise.all(endings);
    },
  };
}
