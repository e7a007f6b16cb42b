import type { Directory } from '../../directory.ts';
import { AzureError } from '../../rest/azure-error.ts';
import type { AccessToken } from '../../service.ts';
import type { Access } from './access.ts';
import type { RequiredAction } from './required-action.ts';

/** Lets the holder of `token` do `required`, or throws ARM's 403 AuthorizationFailed. */
export function authorizeAction(
  access: Access,
  directory: Directory,
  token: AccessToken,
  required: RequiredAction,
): void {
  const { action, scope } = required;
  if (access.allows(token.objectId, { plane: 'control', action }, scope)) return;
  throw authorizationFailed(directory, token, required);
}

/** 403 with ARM's text. Users are named by their sign-in name, programs by their client id. */
export function authorizationFailed(
  directory: Directory,
  token: AccessToken,
  { action, scope }: RequiredAction,
): AzureError {
  const client = directory.byObjectId(token.objectId)?.userPrincipalName ?? token.clientId;
  return new AzureError(
    403,
    'AuthorizationFailed',
    `The client '${client}' with object id '${token.objectId}' does not have authorization to perform action ` +
      `'${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your ` +
      'credentials.',
  );
}
