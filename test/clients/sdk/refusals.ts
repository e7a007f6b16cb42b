import type { ExpectedFailure } from './expectations.ts';

const RESPONSE = { javascript: 'RestError', python: 'HttpResponseError', go: 'ResponseError' } as const;

/**
 * What Key Vault refuses, with its codes (learn.microsoft.com, "Azure Key Vault REST API error codes" and "Common error codes"),
 * and the type that each SDK's reference documents for it. Java's client has rules of its own: its reference names a
 * ResourceModifiedException for what is malformed in setSecret and restoreSecretBackup, and azure-core for a 409; its source
 * turns a 403 of getSecret into one too.
 */
export const REFUSALS = {
  notFound: {
    type: { ...RESPONSE, python: 'ResourceNotFoundError', java: 'ResourceNotFoundException' },
    status: 404,
    code: 'SecretNotFound',
  },
  disabled: {
    type: { ...RESPONSE, java: 'ResourceModifiedException' },
    status: 403,
    code: 'Forbidden',
    innerCode: 'SecretDisabled',
  },
  deleted: {
    type: { ...RESPONSE, python: 'ResourceExistsError', java: 'ResourceModifiedException' },
    status: 409,
    code: 'Conflict',
    innerCode: 'ObjectIsDeletedButRecoverable',
  },
  exists: {
    type: { ...RESPONSE, python: 'ResourceExistsError', java: 'ResourceModifiedException' },
    status: 409,
    code: 'Conflict',
  },
  forbidden: {
    type: { ...RESPONSE, java: 'HttpResponseException' },
    status: 403,
    code: 'Forbidden',
    innerCode: 'ForbiddenByPolicy',
  },
  forbiddenGet: {
    type: { ...RESPONSE, java: 'ResourceModifiedException' },
    status: 403,
    code: 'Forbidden',
    innerCode: 'ForbiddenByPolicy',
  },
  /** JavaScript's client tells of a refused list nothing but the status. */
  forbiddenList: {
    type: { ...RESPONSE, java: 'HttpResponseException' },
    status: 403,
  },
  badParameter: {
    type: { ...RESPONSE, java: 'ResourceModifiedException' },
    status: 400,
    code: 'BadParameter',
  },
} as const satisfies Record<string, ExpectedFailure>;
