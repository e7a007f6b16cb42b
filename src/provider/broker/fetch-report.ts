/** How a token or an object was had: by a request made for it, by one that ran already, or from an answer that was kept. */
export type HowHad = 'fetched' | 'shared' | 'kept';

/** One request that was really made. Its fields fill as it goes; whoever shares the answer sees the same facts. */
export interface RequestFacts {
  /** Milliseconds since the Unix epoch. */
  readonly askedAtMs: number;
  /** The id that Azure's own logs know the request by; undefined while nothing was sent. */
  correlationId?: string;
  /** From the asking to the answer, pauses and further tries included, milliseconds. */
  tookMs?: number;
}

/** What a mount waits for just now. */
export interface Wait {
  /** A token, a vault's word on whose token it wants, or an object or a list of it. */
  readonly what: 'token' | 'challenge' | 'object';
  /** Who is to answer, a URL. */
  readonly service: string;
  /** By the monotonic clock, milliseconds. */
  readonly sinceMs: number;
  /** What that service's last failure was, when it is in trouble now. */
  readonly trouble: () => string | undefined;
}

/** Told how each thing that one mount needed was had. */
export interface FetchReport {
  token(how: HowHad, request: RequestFacts): void;
  /** `key` is that of objectKey. */
  object(key: string, how: HowHad, request: RequestFacts): void;
  /** A wait begins that `look` tells of; call what it answers when the wait is over. */
  waits(look: () => Wait | undefined): () => void;
}
