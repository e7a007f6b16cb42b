import type { NodeIdentities } from '../clusters.ts';
import type { Directory, Principal } from '../directory.ts';

/** How a request names the identity that it wants a token of; nothing: the node's own. */
export interface WantedIdentity {
  readonly clientId?: string | undefined;
  readonly objectId?: string | undefined;
  /** The ARM id of a user-assigned identity, or of the resource whose system-assigned identity is meant. */
  readonly resourceId?: string | undefined;
}

/** The identities of a node, and whether a user-assigned one must be named even when it is the only one. */
export interface AssignedIdentities extends NodeIdentities {
  readonly byNameOnly?: boolean;
}

/** Whose token a request gets, or why it gets none, in IMDS's words. */
export type IdentityChoice =
  { readonly ok: true; readonly principal: Principal } | { readonly ok: false; readonly reason: string };

const NOT_FOUND = { ok: false, reason: 'Identity not found' } as const;

/**
 * Chooses among the identities of a node. A request that names none means the system-assigned identity, and without one
 * the only user-assigned identity there is; with several, IMDS asks which. (Azure documentation, "How managed identities
 * for Azure resources work with Azure virtual machines", and answers that people quote in issues.)
 */
export function chooseIdentity(
  directory: Directory,
  assigned: AssignedIdentities,
  { clientId, objectId, resourceId }: WantedIdentity,
): IdentityChoice {
  const principals = [assigned.systemAssigned, ...assigned.userAssigned]
    .map((id) => (id === undefined ? undefined : directory.byObjectId(id)))
    .filter((principal) => principal !== undefined);
  if (clientId === undefined && objectId === undefined && resourceId === undefined) {
    const system = principals.find((principal) => principal.objectId === assigned.systemAssigned);
    const [only, ...more] = principals;
    if (system !== undefined) return { ok: true, principal: system };
    if (more.length > 0 || (only !== undefined && assigned.byNameOnly === true)) {
      return {
        ok: false,
        reason:
          'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the ' +
          'token request',
      };
    }
    return only === undefined ? NOT_FOUND : { ok: true, principal: only };
  }
  const found = principals.find(
    (principal) =>
      fits(clientId, principal.clientId) && fits(objectId, principal.objectId) && fits(resourceId, principal.armId),
  );
  return found === undefined ? NOT_FOUND : { ok: true, principal: found };
}

function fits(wanted: string | undefined, has: string | undefined): boolean {
  return wanted === undefined || wanted.toLowerCase() === has?.toLowerCase();
}
