import { AzureError } from '../rest/azure-error.ts';
import type { ServiceFailure } from '../service.ts';

/** 400 of a request that makes no sense to the directory. */
export function badRequest(message: string): AzureError {
  return new AzureError(400, 'Request_BadRequest', message);
}

/** 404 of an object, or of one that hangs on it. */
export function notFound(id: string): AzureError {
  return new AzureError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

/** 409 of something that is there already. */
export function alreadyThere(message: string): AzureError {
  return new AzureError(409, 'Request_MultipleObjectsWithSameKeyValue', message);
}

/** 403 of somebody who may not change the directory. */
export function accessDenied(): AzureError {
  return new AzureError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');
}

/** 400 of a path that Graph does not have. */
export function unknownSegment(segment: string): AzureError {
  return new AzureError(400, 'BadRequest', `Resource not found for the segment '${segment}'.`);
}

/** A failure of Graph's own; throttling in the words that it uses for the directory, as people quote them. */
export function graphFailure({ status }: ServiceFailure): AzureError {
  if (status === 429) {
    const message =
      'Too many requests from Identifier:keyferry-lab under category:throttle.aad.ags. Please try again later.';
    return new AzureError(429, 'TooManyRequests', message);
  }
  if (status === 503) return new AzureError(503, 'ServiceUnavailable', 'The service is unavailable.');
  return new AzureError(status, 'InternalServerError', 'Encountered an internal server error.');
}
