/** What sort of trouble an error is: the input is wrong, the world is not ready (retry), or a bug. */
export type ErrorKind = 'input' | 'world' | 'bug';

interface CodeFacts {
  readonly kind: ErrorKind;
  /** gRPC status code number (grpc/grpc doc/statuscodes.md). */
  readonly grpc: number;
  readonly http: number;
  /** Exit code of a command that ends with this error. */
  readonly exit: number;
}

/** Every error code of Keyferry, with its meaning at each edge. */
export const ERROR_CODES = {
  'invalid-input': { kind: 'input', grpc: 3, http: 400, exit: 2 },
  'not-found': { kind: 'input', grpc: 5, http: 404, exit: 3 },
  'already-exists': { kind: 'input', grpc: 6, http: 409, exit: 1 },
  'permission-denied': { kind: 'world', grpc: 7, http: 403, exit: 1 },
  unauthenticated: { kind: 'world', grpc: 16, http: 401, exit: 1 },
  'failed-precondition': { kind: 'world', grpc: 9, http: 409, exit: 1 },
  'resource-exhausted': { kind: 'world', grpc: 8, http: 429, exit: 1 },
  aborted: { kind: 'world', grpc: 10, http: 409, exit: 1 },
  'deadline-exceeded': { kind: 'world', grpc: 4, http: 504, exit: 1 },
  unavailable: { kind: 'world', grpc: 14, http: 503, exit: 1 },
  unsupported: { kind: 'input', grpc: 12, http: 501, exit: 2 },
  unknown: { kind: 'world', grpc: 2, http: 500, exit: 1 },
  internal: { kind: 'bug', grpc: 13, http: 500, exit: 70 },
} as const satisfies Record<string, CodeFacts>;

/** A code of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** One thing that is wrong with an input; `path` is where, for example `spec.parameters.objects[2].objectName`. */
export interface Issue {
  readonly path: string;
  readonly message: string;
  /** The line of the text at `path` or above it that a person has to look at, from 1; where the input is such a text. */
  readonly line?: number;
}

/** One issue for a person: `path (line 3): message`; without a path the message alone. */
export function issueText({ path, message, line }: Issue): string {
  if (path === '') return message;
  return line === undefined ? `${path}: ${message}` : `${path} (line ${line}): ${message}`;
}

/** Options of a {@link KeyferryError}. */
export interface KeyferryErrorOptions {
  readonly cause?: unknown;
  /** What a person can do about it: one sentence. */
  readonly hint?: string;
  /** The code that the failing service gave, for example `AADSTS700213` or `Forbidden/SecretDisabled`. */
  readonly upstreamCode?: string;
  /** All that is wrong with the input, when the code is `invalid-input`. */
  readonly issues?: readonly Issue[];
  /** How long the failing service asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** By which the failing service's support finds the request. Another one each time, so for logs and not in the message. */
  readonly upstreamRequestId?: string;
}

/**
 * The one error class that crosses an area's border. The message says what was attempted, on what and why it
 * failed, and never holds secret material.
 */
export class KeyferryError extends Error {
  override readonly name = 'KeyferryError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly upstreamCode: string | undefined;
  readonly issues: readonly Issue[];
  readonly retryAfterMs: number | undefined;
  readonly upstreamRequestId: string | undefined;

  constructor(code: ErrorCode, message: string, options: KeyferryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.upstreamCode = options.upstreamCode;
    this.issues = options.issues ?? [];
    this.retryAfterMs = options.retryAfterMs;
    this.upstreamRequestId = options.upstreamRequestId;
  }

  /** The sort of trouble, from the code table. */
  get kind(): ErrorKind {
    return ERROR_CODES[this.code].kind;
  }
}

/** An `invalid-input` error that lists every issue, each with its place. */
export function inputError(what: string, issues: readonly Issue[], hint?: string): KeyferryError {
  return new KeyferryError('invalid-input', `${what}: ${issues.map(issueText).join('; ')}`, {
    issues,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The text of anything that was thrown, with its causes, joined by `: ` (a cause that the text already holds is left out). */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const parts = [error.message || error.name];
  let cause: unknown = error.cause;
  for (let depth = 0; cause instanceof Error && depth < 5; depth += 1, cause = cause.cause) {
    const text = cause.message || cause.name;
    if (!parts.some((part) => part.includes(text))) parts.push(text);
  }
  return parts.join(': ');
}

/** Turns anything thrown into a {@link KeyferryError}; what is not one already becomes `fallback` with the original as its cause. */
export function toKeyferryError(error: unknown, fallback: ErrorCode = 'internal'): KeyferryError {
  return error instanceof KeyferryError ? error : new KeyferryError(fallback, errorText(error), { cause: error });
}
