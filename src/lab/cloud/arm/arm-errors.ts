import { AzureError } from '../rest/azure-error.ts';
import type { ServiceFailure } from '../service.ts';

/** 400 with the code BadRequest. */
export function badRequest(message: string): AzureError {
  return new AzureError(400, 'BadRequest', message);
}

/** 400 for a body that is not a JSON object. */
export function invalidRequestContent(message: string): AzureError {
  return new AzureError(400, 'InvalidRequestContent', message);
}

/** 415 for a body that does not say that it is JSON; `mediaType` as it was sent, empty where none was. */
export function unsupportedMediaType(mediaType: string): AzureError {
  return new AzureError(
    415,
    'UnsupportedMediaType',
    `The content media type '${mediaType === '' ? '<null>' : mediaType}' is not supported. Only 'application/json' is supported.`,
  );
}

/** 400 for a request without `api-version`. */
export function missingApiVersion(): AzureError {
  return new AzureError(
    400,
    'MissingApiVersionParameter',
    'The api-version query parameter (?api-version=) is required for all requests.',
  );
}

/** 400 for an `api-version` that is no date, or of no release. */
export function invalidApiVersion(apiVersion: string, supported: readonly string[]): AzureError {
  return new AzureError(
    400,
    'InvalidApiVersionParameter',
    `The api-version '${apiVersion}' is invalid. The supported versions are '${supported.join(',')}'.`,
  );
}

/** 404 for another subscription than the lab's; 400 when it is no GUID. */
export function subscriptionNotFound(subscriptionId: string): AzureError {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(subscriptionId)
    ? new AzureError(404, 'SubscriptionNotFound', `The subscription '${subscriptionId}' could not be found.`)
    : new AzureError(
        400,
        'InvalidSubscriptionId',
        `The provided subscription identifier '${subscriptionId}' is malformed or invalid.`,
      );
}

/** 404 for a resource group. */
export function groupNotFound(name: string): AzureError {
  return new AzureError(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`);
}

/** 404 for a resource; `type` as in `Microsoft.KeyVault/vaults`. */
export function resourceNotFound(type: string, name: string, group: string): AzureError {
  return new AzureError(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${group}' was not found. For more details please go to ` +
      'https://aka.ms/ARMResourceNotFoundFix',
  );
}

/** 404 for what lies below a resource that does not exist. */
export function parentNotFound(parentName: string): AzureError {
  return new AzureError(
    404,
    'ParentResourceNotFound',
    `Can not perform requested operation on nested resource. Parent resource '${parentName}' not found.`,
  );
}

/** 404 for a path below a provider that names a type which the lab does not have; `hint` says so in a sentence. */
export function invalidResourceType(namespace: string, apiVersion: string, hint: string): AzureError {
  return new AzureError(
    404,
    'InvalidResourceType',
    `The resource type could not be found in the namespace '${namespace}' for api version '${apiVersion}'. ${hint}`,
  );
}

/** 404 for a provider that the lab does not have; `hint` says so in a sentence. */
export function invalidNamespace(namespace: string, hint: string): AzureError {
  return new AzureError(404, 'InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid. ${hint}`);
}

/** 400 for a resource without a location. */
export function locationRequired(): AzureError {
  return new AzureError(400, 'LocationRequired', 'The location property is required for this definition.');
}

/**
 * A failure of ARM's own. Throttling in the words of recorded answers: they name the operation by its path without the names
 * in it (`GET/SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS`) and the pause of the Retry-After.
 */
export function armFailure(request: Request, { status, retryAfterSeconds = 0 }: ServiceFailure): AzureError {
  if (status === 503) return new AzureError(503, 'ServiceUnavailable', 'The service is unavailable.');
  if (status !== 429) return new AzureError(status, 'InternalServerError', 'Encountered internal server error.');
  const [subscriptions = '', subscriptionId = '', ...rest] = new URL(request.url).pathname.split('/').slice(1);
  const operation = [request.method, subscriptions, ...typesOf(rest)].join('/').toUpperCase();
  return new AzureError(
    429,
    'SubscriptionRequestsThrottled',
    `Number of requests for subscription '${subscriptionId}' and operation '${operation}' exceeded the backend storage ` +
      `limit. Please try again after '${retryAfterSeconds}' seconds.`,
    { headers: { 'x-ms-failure-cause': 'gateway' } },
  );
}

/** Of types and names in turn, the types; `providers` has a namespace and then the first type behind it. */
function typesOf([type = '', name, ...rest]: readonly string[]): readonly string[] {
  if (type === '') return [];
  return type.toLowerCase() === 'providers' ? [type, name ?? '', ...typesOf(rest)] : [type, ...typesOf(rest)];
}
