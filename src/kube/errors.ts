import { KeyferryError, type ErrorCode } from '#base';

const CODE_OF_HTTP: ReadonlyMap<number, ErrorCode> = new Map([
  [400, 'invalid-input'],
  [401, 'unauthenticated'],
  [403, 'permission-denied'],
  [404, 'not-found'],
  [405, 'unsupported'],
  [409, 'aborted'],
  [410, 'failed-precondition'],
  [413, 'resource-exhausted'],
  [415, 'unsupported'],
  [422, 'invalid-input'],
  [429, 'resource-exhausted'],
  [503, 'unavailable'],
  [504, 'deadline-exceeded'],
]);

/**
 * The error of a refused API call: the server's own message, the Status reason (`NotFound`, `Conflict`, `Forbidden`, …)
 * as `upstreamCode`. `what` says what was attempted.
 */
export function errorOfStatusBody(
  what: string,
  httpStatus: number,
  body: { readonly reason?: unknown; readonly message?: unknown } | null | undefined,
  retryAfterMs?: number,
): KeyferryError {
  const reason = textOf(body?.reason) ?? `Http${httpStatus}`;
  const code = reason === 'AlreadyExists' ? 'already-exists' : (CODE_OF_HTTP.get(httpStatus) ?? 'unknown');
  return new KeyferryError(code, `${what}: ${textOf(body?.message) ?? `the API server answered ${httpStatus}`}`, {
    upstreamCode: reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** What stands between us and the API server may answer in its shape with other types. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** True when `error` is the API server's refusal with this Status reason. */
export function isReason(error: unknown, reason: string): boolean {
  return error instanceof KeyferryError && error.upstreamCode === reason;
}
