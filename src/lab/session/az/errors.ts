import { isObject, parseJson, textAt, type Json } from './json.ts';

/** What went wrong, in az's own sorts, each with the exit code that az gives it. */
export const AZ_EXIT_CODES = { error: 1, usage: 2, notFound: 3 } as const;

/** A sort of {@link AzError}. */
export type AzErrorSort = keyof typeof AZ_EXIT_CODES;

/** An error that the stand-in reports as az does: the message after `ERROR: `, then what to do about it. */
export class AzError extends Error {
  override readonly name = 'AzError';
  readonly sort: AzErrorSort;
  /** A sentence for the person, printed below the message. */
  readonly recommendation: string | undefined;

  constructor(sort: AzErrorSort, message: string, options: { recommendation?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.sort = sort;
    this.recommendation = options.recommendation;
  }

  /** The exit code of a command that ends with this error. */
  get exitCode(): number {
    return AZ_EXIT_CODES[this.sort];
  }
}

/** A wrong command line: exit code 2. */
export function usageError(message: string, recommendation?: string): AzError {
  return new AzError('usage', message, recommendation === undefined ? {} : { recommendation });
}

/** An answer of Azure that reports a failure. */
export class AzHttpError extends AzError {
  readonly status: number;
  /** Azure's own code: `VaultNameNotValid`, `SecretNotFound`. */
  readonly azureCode: string | undefined;

  constructor(status: number, azureCode: string | undefined, message: string) {
    super(status === 404 ? 'notFound' : 'error', message);
    this.status = status;
    this.azureCode = azureCode;
  }
}

/** Turns an error answer into the error that az would report; the text is azure-core's rendering of OData errors. */
export function httpError(status: number, body: string): AzHttpError {
  const parsed = parseJson(body);
  const error = isObject(parsed) && isObject(parsed['error']) ? parsed['error'] : parsed;
  const code = textAt(error, 'code');
  if (code === undefined || textAt(error, 'message') === undefined) {
    const text = body.trim().slice(0, 2000);
    return new AzHttpError(
      status,
      code,
      `Operation returned an invalid status '${status}'${text && `\nContent: ${text}`}`,
    );
  }
  return new AzHttpError(status, code, renderODataError(error as Json));
}

/** `(Code) message`, then code, message, target, details and inner error, each on its own line. */
export function renderODataError(error: Json): string {
  const code = textAt(error, 'code') ?? 'Unknown';
  const message = textAt(error, 'message') ?? '';
  const lines = [`(${code}) ${message}`, `Code: ${code}`, `Message: ${message}`];
  if (isObject(error)) {
    const target = textAt(error, 'target');
    if (target !== undefined) lines.push(`Target: ${target}`);
    const details = error['details'];
    if (Array.isArray(details) && details.length > 0) {
      const inner = details.flatMap((detail) => renderODataError(detail as Json).split('\n'));
      lines.push(`Exception Details:${inner.map((line) => `\t${line}`).join('\n')}`);
    }
    const innerError = error['innererror'];
    if (isObject(innerError)) lines.push(`Inner error: ${JSON.stringify(innerError, null, 4)}`);
  }
  return lines.join('\n');
}
