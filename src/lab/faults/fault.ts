/** What a fault does to a request that it meets. */
export type FaultEffect =
  | {
      /** The service answers with this status, in its own words. */
      readonly kind: 'status';
      /** 400 to 599. */
      readonly status: number;
      /** What the Retry-After header asks for; without it the answer has none. */
      readonly retryAfterSeconds?: number | undefined;
    }
  /** The real answer comes after a while. */
  | { readonly kind: 'latency'; readonly delayMs: number }
  /** The connection is reset without an answer. */
  | { readonly kind: 'reset' }
  /** No answer comes until the fault is over. */
  | { readonly kind: 'hang' };

/** A fault as it is asked for. */
export interface FaultSpec {
  /** As clients name it, without its case; `*` stands for any characters. API servers are `127.0.0.1:PORT`. */
  readonly host: string;
  /** The beginning of a path, or with `*` in it a pattern of the whole. Default: every path. */
  readonly path?: string | undefined;
  /** In upper case. Default: every method. */
  readonly method?: string | undefined;
  readonly effect: FaultEffect;
  /** How many requests it meets at most. Default: any number. */
  readonly times?: number | undefined;
  /** How long it lasts from its beginning, milliseconds of the lab's time. Default: until it is cleared. */
  readonly forMs?: number | undefined;
}

/** A fault of the lab. */
export interface Fault extends FaultSpec {
  /** Short, and never given twice while the lab runs. */
  readonly id: string;
  /** RFC 3339, in the lab's time. */
  readonly addedAt: string;
  /** When its time is over, where it has one. RFC 3339. */
  readonly endsAt?: string | undefined;
  /** How many requests it has met. */
  readonly hits: number;
  /** Once its `times` are used up or its time is over, a fault meets nothing more; it is listed until it is cleared. */
  readonly state: 'active' | 'over';
}

/** What a fault is compared with. */
export interface FaultTarget {
  /** Lower case, as the client named it; without the port, but for API servers. */
  readonly host: string;
  /** Without its query. */
  readonly path: string;
  /** Upper case. */
  readonly method: string;
}
