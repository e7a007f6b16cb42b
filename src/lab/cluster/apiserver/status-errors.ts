import { ApiError } from '../api-access.ts';

/** A resource as error texts name it: `pods`, `deployments.apps`. */
export interface NamedResource {
  readonly group: string;
  /** Plural in lower case. */
  readonly resource: string;
}

/** One thing that is wrong with an object, as `field.Error` of apimachinery prints it. */
export interface FieldIssue {
  /** Where, for example `spec.containers[0].name`. */
  readonly field: string;
  readonly reason: keyof typeof FIELD_REASONS;
  /** What was given; shown for invalid, duplicate and unsupported values. */
  readonly value?: unknown;
  /** What is wrong. */
  readonly detail?: string;
}

/** Reasons of a field issue with their opening words (apimachinery pkg/util/validation/field). */
const FIELD_REASONS = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueNotFound: 'Not found',
  FieldValueTooLong: 'Too long',
  FieldValueTypeInvalid: 'Invalid value',
} as const;

interface StatusParts {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** A ListMeta, where the refusal leads on. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** An {@link ApiError} with the Status body of a failure. */
export function statusError({ code, reason, message, details, metadata = {} }: StatusParts): ApiError {
  return new ApiError({
    apiVersion: 'v1',
    kind: 'Status',
    metadata,
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  });
}

function qualified({ group, resource }: NamedResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function detailsOf({ group, resource }: NamedResource, name: string | undefined): Record<string, unknown> {
  return { ...(name ? { name } : {}), ...(group === '' ? {} : { group }), kind: resource };
}

/** 404 for an object that is not there. */
export function notFound(resource: NamedResource, name: string): ApiError {
  return statusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(resource)} "${name}" not found`,
    details: detailsOf(resource, name),
  });
}

/** 404 for a path that nothing serves. */
export function unknownResource(): ApiError {
  return statusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });
}

/** 405 for a verb that the resource does not have. */
export function methodNotAllowed(): ApiError {
  return statusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

/** 409 for a name that is taken. */
export function alreadyExists(resource: NamedResource, name: string): ApiError {
  return statusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${qualified(resource)} "${name}" already exists`,
    details: detailsOf(resource, name),
  });
}

/** The cause of most conflicts. */
export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

/** 409 for a change that was made from an old version, or whose precondition does not hold. */
export function conflict(resource: NamedResource, name: string, why: string = MODIFIED): ApiError {
  return statusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    details: detailsOf(resource, name),
  });
}

/** 400. */
export function badRequest(message: string): ApiError {
  return statusError({ code: 400, reason: 'BadRequest', message });
}

/** 403 for one object, or for the whole resource when there is no name. */
export function forbidden(resource: NamedResource, name: string | undefined, why: string): ApiError {
  const what = name ? `${qualified(resource)} "${name}"` : qualified(resource);
  return statusError({
    code: 403,
    reason: 'Forbidden',
    message: `${what} is forbidden: ${why}`,
    details: detailsOf(resource, name),
  });
}

/** 401. */
export function unauthorized(): ApiError {
  return statusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}

/** 410: the version that a watch or a continued list starts from is no longer in the history. */
export function expired(message: string, metadata?: Readonly<Record<string, unknown>>): ApiError {
  return statusError({ code: 410, reason: 'Expired', message, ...(metadata === undefined ? {} : { metadata }) });
}

/** 504: the server has not come to the version that is asked for. */
export function tooLargeVersion(asked: number, newest: number): ApiError {
  return statusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${asked}, current: ${newest}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}

/** Of the failures that are the server's, the reasons that apimachinery has (pkg/apis/meta/v1 StatusReason) and the usual words. */
const SERVER_FAILURES: Readonly<Record<number, { readonly reason: string; readonly message: string }>> = {
  429: { reason: 'TooManyRequests', message: 'Too many requests, please try again later.' },
  500: { reason: 'InternalError', message: 'Internal error occurred: the server fails on purpose' },
  503: { reason: 'ServiceUnavailable', message: 'the server is currently unable to handle the request' },
  504: { reason: 'Timeout', message: 'Timeout: request did not complete within the allotted timeout' },
};

/** A failure of the server's own, with what its Retry-After asks for. */
export function serverFailure(code: number, retryAfterSeconds: number | undefined): ApiError {
  const { reason = 'Unknown', message = `the server fails with ${code}` } = SERVER_FAILURES[code] ?? {};
  return statusError({
    code,
    reason,
    message,
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
  });
}

/** 406 for a form that nobody serves; `served` lists the media types that are. */
export function notAcceptable(served: string): ApiError {
  return statusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `406: Not Acceptable\n\nAvailable representations: ${served}`,
    details: {},
  });
}

/** 415 for a body or a patch of a type that is not served. */
export function unsupportedMediaType(message: string): ApiError {
  return statusError({ code: 415, reason: 'UnsupportedMediaType', message });
}

/** The text of one issue: `spec.containers: Required value`. */
export function fieldIssueText(issue: FieldIssue): string {
  return `${issue.field}: ${issueMessage(issue)}`;
}

function issueMessage({ reason, value, detail }: FieldIssue): string {
  const opening: string = FIELD_REASONS[reason];
  const showsValue = value !== undefined && reason !== 'FieldValueRequired' && reason !== 'FieldValueForbidden';
  const start = showsValue ? `${opening}: ${JSON.stringify(value)}` : opening;
  return detail === undefined ? start : `${start}: ${detail}`;
}

/** 422 with every issue of the object. */
export function invalid(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  issues: readonly FieldIssue[],
): ApiError {
  const texts = issues.map(fieldIssueText);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return statusError({
    code: 422,
    reason: 'Invalid',
    message: `${kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`} "${name}" is invalid: ${list}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
      causes: issues.map((issue) => ({ reason: issue.reason, message: issueMessage(issue), field: issue.field })),
    },
  });
}
