import type { NoProofReason } from './proof.ts';

/** What the broker tells whoever counts: no names, no values. */
export interface BrokerEvents {
  /** Something was asked for: a request was made for it, or a running one was joined, or an answer was kept. */
  answered(what: 'token' | 'challenge' | 'object', how: 'fetched' | 'shared' | 'kept'): void;
  /** A caller that shares with nobody, and why. */
  unshared(reason: NoProofReason): void;
}

/** Events that go nowhere. */
export const silentEvents: BrokerEvents = { answered: () => undefined, unshared: () => undefined };
