import { status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import { ERROR_CODES, errorText, KeyferryError, toKeyferryError, type ErrorCode } from '#base';

/** What goes over the wire for a failed call. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

const MAX_DETAILS_LENGTH = 4096;

/** The gRPC status of anything thrown: the code from the error table, the error's text, never its cause's stack. */
export function grpcStatusOf(error: unknown): GrpcStatus {
  const known = toKeyferryError(error);
  const text = errorText(known);
  // It travels in a header: clients give up the whole call when headers are too long, and with it the code.
  const details = text.length > MAX_DETAILS_LENGTH ? `${text.slice(0, MAX_DETAILS_LENGTH)}…` : text;
  return { code: ERROR_CODES[known.code].grpc, details };
}

/** The name of a status code as Go's gRPC writes it, which dashboards know: `OK`, `DeadlineExceeded`, `Canceled`. */
export function statusName(code: number): string {
  const name = grpcStatus[code] ?? 'UNKNOWN';
  if (name === 'OK') return name;
  if (name === 'CANCELLED') return 'Canceled';
  const words = name.toLowerCase().split('_');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

const CODE_OF_STATUS: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  ...Object.entries(ERROR_CODES).map(([code, facts]) => [facts.grpc, code as ErrorCode] as const),
  [grpcStatus.CANCELLED, 'aborted'],
  [grpcStatus.OUT_OF_RANGE, 'invalid-input'],
  [grpcStatus.DATA_LOSS, 'unknown'],
]);

/** The error of a failed call as a client sees it: the server's text, with the code of the same meaning. */
export function errorOfStatus(error: ServiceError): KeyferryError {
  return new KeyferryError(CODE_OF_STATUS.get(error.code) ?? 'unknown', error.details || error.message);
}
