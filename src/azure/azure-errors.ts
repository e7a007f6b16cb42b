import { errorText, KeyferryError, type ErrorCode } from '#base';
import type { VaultObjectKind } from './access.ts';
import type { Identity } from './credential.ts';
import { tokenHint, type PresentedClaims } from './token-hints.ts';
import { isUntrusted } from './trust-hint.ts';
import { vaultHint } from './vault-hints.ts';

/** The one place that turns what Microsoft's SDKs throw into {@link KeyferryError}. Codes and texts of Azure are kept. */

/** What is known of the last answer to a token request that was not a token. */
export interface TokenFailure {
  readonly status: number;
  readonly body: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** What the status means where it is not what it means at Entra ID. */
  readonly code?: ErrorCode | undefined;
}

/** Whose token request failed. */
export interface TokenRequester {
  readonly mode: Identity['mode'];
  /** Those of the service account token that was exchanged: the subject is told where Entra's own text does not name it. */
  readonly claims?: PresentedClaims | undefined;
}

/** A JSON web token or a part of one; Azure's texts do not hold any, and if they ever do it must not reach a log. */
const TOKEN_LIKE = /\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g;

function withoutTokens(text: string): string {
  return text.replace(TOKEN_LIKE, '[redacted]');
}

function codeOfStatus(status: number | undefined): ErrorCode {
  if (status === undefined) return 'unavailable';
  if (status === 429) return 'resource-exhausted';
  if (status === 408 || status >= 500) return 'unavailable';
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'permission-denied';
  if (status === 404) return 'not-found';
  if (status === 409) return 'aborted';
  return status >= 400 ? 'failed-precondition' : 'unknown';
}

/** Nobody means a longer pause; numbers beyond it come from something that is not Azure. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/**
 * The pause that a Retry-After header asks for (seconds or an HTTP date), in milliseconds and at most a day; undefined for
 * none or nonsense.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds))
    return seconds < 0 ? undefined : Math.min(Math.round(seconds * 1000), MAX_RETRY_AFTER_MS);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - nowMs), MAX_RETRY_AFTER_MS);
}

// What Entra ID adds to each description, with spaces or line breaks between the parts. It is another text each time; without
// it equal failures have equal texts, and Kubernetes counts one event instead of keeping one a try.
const TRACE = /Trace ID:\s*(?<traceId>\S+)(?:\s+Correlation ID:\s*\S+)?(?:\s+Timestamp:\s*[-\d]+ [:\d]+Z)?/;

// The blanks before it are not part of the pattern: in a text of nothing but blanks it would begin at each of them.
function withoutTrace(text: string, trace: RegExpExecArray | null): string {
  if (trace === null) return text;
  return text.slice(0, trace.index).trimEnd() + text.slice(trace.index + trace[0].length);
}

/** The error of a failed token request. `failure` is the answer of whoever was asked, where there was one. */
export function tokenError(
  error: unknown,
  failure: TokenFailure | undefined,
  what: string,
  { mode, claims }: TokenRequester,
): KeyferryError {
  if (error instanceof KeyferryError) {
    if (error.code !== 'deadline-exceeded') return error;
    return withHint(error, tokenHint({ mode, code: undefined, status: undefined, text: '', claims }));
  }
  const body = parseJson(failure?.body);
  const description =
    textOf(body?.['error_description']) ?? (failure === undefined ? undefined : textOf(body?.['error']));
  const told = withoutTokens(description ?? describeForeign(error, failure?.status));
  const trace = TRACE.exec(told);
  const reason = oneLine(withoutTrace(told, trace));
  const aadsts = /AADSTS\d+/.exec(reason)?.[0];
  const refused = failure !== undefined && failure.status < 500 && failure.status !== 429 && failure.status !== 408;
  const code = failure?.code ?? (refused ? 'unauthenticated' : codeOfStatus(failure?.status));
  const whose =
    claims === undefined || reason.length > LONG_REASON || reason.includes(claims.subject)
      ? ''
      : ` by the token of ${claims.subject}`;
  return foreignError(code, `${what}${whose}: ${reason}`, {
    upstreamCode: aadsts ?? codeOf(body?.['error']),
    hint: tokenHint({
      mode,
      code: aadsts,
      status: failure?.status,
      untrusted: isUntrusted(error),
      text: reason,
      claims,
    }),
    retryAfterMs: failure?.retryAfterMs,
    requestId: trace?.groups?.['traceId'],
  });
}

/** Reasons longer than this fill an event without the subject, characters. */
const LONG_REASON = 300;

// For requests without an answer.
const NO_ANSWER = vaultHint({ codes: ['ETIMEDOUT'], status: undefined, isPlain: false, kind: 'secret' });

function withHint(error: KeyferryError, hint: string | undefined): KeyferryError {
  return new KeyferryError(error.code, error.message, { cause: error.cause, ...(hint === undefined ? {} : { hint }) });
}

/** Whether the time limit of the request itself is over, and not that of the request for its token or of the whole mount. */
function isWithoutAnswer({ code, message }: KeyferryError, what: string): boolean {
  return code === 'deadline-exceeded' && message.startsWith(`${what}: `);
}

/**
 * The error of a failed vault request for an object of `kind`. A {@link KeyferryError} that came through the SDK (a refused
 * token) is kept.
 */
export function vaultError(error: unknown, what: string, nowMs: number, kind: VaultObjectKind): KeyferryError {
  const own = ownErrorIn(error);
  if (own !== undefined) return isWithoutAnswer(own, what) ? withHint(own, NO_ANSWER) : own;
  const foreign = error as ForeignRestError | undefined;
  const status = typeof foreign?.statusCode === 'number' ? foreign.statusCode : undefined;
  const body = recordOf(recordOf(foreign?.details)['error']);
  const inner = recordOf(body['innererror'])['code'] ?? recordOf(body['innerError'])['code'];
  const codes = [codeOf(body['code']) ?? codeOf(foreign?.code), codeOf(inner)].filter(isText);
  const upstreamCode = codes.length > 0 ? codes.join('/') : undefined;
  const plain = textOf(body['message']) === undefined ? plainAnswer(foreign, status) : undefined;
  const reason = oneLine(withoutTokens(textOf(body['message']) ?? plain ?? describeForeign(error, status)));
  const prefix = upstreamCode === undefined ? '' : `${upstreamCode}: `;
  return foreignError(codeOfStatus(status), `${what}: ${prefix}${reason}`, {
    upstreamCode,
    hint: vaultHint({ codes, status, isPlain: plain !== undefined, kind }),
    retryAfterMs: retryAfterMs(foreign?.response?.headers?.get('retry-after') ?? undefined, nowMs),
    requestId: foreign?.response?.headers?.get('x-ms-request-id'),
  });
}

/** RestError by its shape: the SDK's class is not a dependency of ours. What came from the service is not believed. */
interface ForeignRestError {
  readonly statusCode?: unknown;
  readonly code?: unknown;
  /** The body of the answer: `{ error: { code, message, innererror: { code } } }`. */
  readonly details?: unknown;
  readonly response?: {
    readonly headers?: { get(name: string): string | undefined };
    readonly bodyAsText?: string | null;
  };
}

interface ForeignFacts {
  readonly upstreamCode: string | undefined;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;
}

// No `cause`: the SDK's errors carry the request, whose headers and body hold the token and the assertion.
function foreignError(code: ErrorCode, message: string, facts: ForeignFacts): KeyferryError {
  return new KeyferryError(code, message, {
    ...(facts.upstreamCode === undefined ? {} : { upstreamCode: facts.upstreamCode }),
    ...(facts.hint === undefined ? {} : { hint: facts.hint }),
    ...(facts.retryAfterMs === undefined ? {} : { retryAfterMs: facts.retryAfterMs }),
    ...(facts.requestId === undefined ? {} : { upstreamRequestId: facts.requestId }),
  });
}

function ownErrorIn(error: unknown): KeyferryError | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if (at instanceof KeyferryError) return at;
  }
  return undefined;
}

function describeForeign(error: unknown, status: number | undefined): string {
  const text = errorText(error).trim();
  return status === undefined ? text : `HTTP ${status}: ${text}`;
}

// A proxy or a gateway answers in words of its own, which often name the cause; pages of HTML do not.
function plainAnswer(error: ForeignRestError | undefined, status: number | undefined): string | undefined {
  const text = error?.response?.bodyAsText?.trim();
  return isText(text) && text.length <= 300 && !text.startsWith('<') ? `HTTP ${status}: ${text}` : undefined;
}

/** Lines of a vault's text that an event has no room for: what is not there, and what the hint says in fewer words. */
const SPARED_LINE =
  /^(?:Assignment: \(not found\)|DenyAssignmentId: null|DecisionReason: null|If role assignments, .* please observe propagation time\.)?$/;

/** Where Microsoft's page on an error is: an event has no room for it. */
const HELP_LINK = / For help resolving this issue, please see https:\/\/\S+/;

/** A text of several lines in one, as an event has room for it. */
function oneLine(text: string): string {
  const lines = text
    .replace(HELP_LINK, '')
    .split(/\r?\n/)
    .map((line) => line.trim());
  const told = lines.filter((line) => !SPARED_LINE.test(line));
  return told.reduce((all, line) => (all === '' ? line : `${all}${/[.:;,]$/.test(all) ? '' : ';'} ${line}`), '');
}

function parseJson(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A code is one short word; anything else in its place is no code, and may be what no log should hold. */
function codeOf(value: unknown): string | undefined {
  return isText(value) && /^\w{1,80}$/.test(value) ? withoutTokens(value) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function textOf(value: unknown): string | undefined {
  return isText(value) ? value : undefined;
}
