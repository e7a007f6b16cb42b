import type { NoProofReason } from './proof.ts';

/** What the broker tells whoever counts: no names, no values. */
export interface BrokerEvents {
  /** Something was asked for: a request was made for it, or a running one was joined, or an answer was kept. */
  answered(what: 'token' | 'challenge' | 'object', how: 'fetched' | 'shared' | 'kept'): void;
  /** A caller that shares with nobody, and why. */
  unshared(reason: NoProofReason): void;
  /** A vault or an authority (its URL) is left alone for a while, because of what it answered or because it did not. */
  readonly paused: (service: string, reason: 'throttled' | 'unreachable') => void;
}

/** Events that go nowhere. */
export const silentEvents: BrokerEvents = {
  answered: () => undefined,
  unshared: () => undefined,
  paused: () => undefined,
};
