import type { AccessToken } from '../service.ts';

/** Who asks, as refusals of the data plane name them. */
export function callerOf(token: AccessToken): string {
  const managedIdentity = token.managedIdentityArmId === undefined ? '' : `;xmsmirid=${token.managedIdentityArmId}`;
  return `appid=${token.clientId};oid=${token.objectId};iss=${token.issuer}${managedIdentity}`;
}
