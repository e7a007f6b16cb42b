import type { Clock, Random } from '#base';
import type { Store } from '#lab/store';
import type { Directory } from '../../directory.ts';
import { OWNER_ROLE, type RoleDefinition } from './built-in-roles.ts';
import { roleAllows, scopeHolds, type WantedAction } from './permissions.ts';
import { openRoleAssignments, type RoleAssignment, type RoleAssignments } from './role-assignments.ts';
import { openRoleDefinitions, type RoleDefinitions } from './role-definitions.ts';

const SEEDED_KEY = 'authorization/seeded';

/** Who may do what: Azure RBAC's answer, from the role assignments of the moment. */
export interface Access {
  readonly assignments: RoleAssignments;
  readonly definitions: RoleDefinitions;
  /** Whether the principal may do `wanted` at `scope`, an ARM id: by a role assigned there or above it. */
  allows(principalId: string, wanted: WantedAction, scope: string): boolean;
  /** Whether the principal has any role at `scope`, above it or below it: what ARM shows a subscription for. */
  sees(principalId: string, scope: string): boolean;
  /** The assignments whose role lets the principal do `wanted` at `scope`, and all others that the principal has. */
  account(principalId: string, wanted: WantedAction, scope: string): AssignmentAccount;
  /** The roles that let the principal do `wanted` at `scope`. */
  rolesFor(principalId: string, wanted: WantedAction, scope: string): readonly RoleDefinition[];
}

/** Role assignments of a principal, with their roles: those that give something, and the rest. */
export interface AssignmentAccount {
  readonly giving: readonly HeldRole[];
  readonly others: readonly HeldRole[];
}

/** A role assignment with its role. */
export interface HeldRole {
  readonly assignment: RoleAssignment;
  readonly role: RoleDefinition;
}

/**
 * Azure RBAC over what `store` holds. A new store gets one assignment: the directory's user owns the subscription. That
 * gives no access to vaults' contents, as on Azure.
 */
export function openAccess(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Directory;
}): Access {
  const { store, directory } = deps;
  const assignments = openRoleAssignments(store);
  const definitions = openRoleDefinitions(store);
  if (store.get(SEEDED_KEY) === undefined) {
    const now = new Date(deps.clock.now()).toISOString();
    const { objectId } = directory.user;
    assignments.put({
      name: deps.random.uuid(),
      scope: `/subscriptions/${directory.subscription.subscriptionId}`,
      roleName: OWNER_ROLE,
      principalId: objectId,
      principalType: 'User',
      createdOn: now,
      updatedOn: now,
      createdBy: objectId,
      updatedBy: objectId,
    });
    store.put(SEEDED_KEY, true);
  }

  const account: Access['account'] = (principalId, wanted, scope) => {
    const held = assignments.of([principalId, ...directory.groupsOf(principalId)]).flatMap((assignment): HeldRole[] => {
      const role = definitions.find(assignment.roleName);
      return role === undefined ? [] : [{ assignment, role }];
    });
    const gives = ({ assignment, role }: HeldRole) => scopeHolds(assignment.scope, scope) && roleAllows(role, wanted);
    return { giving: held.filter(gives), others: held.filter((one) => !gives(one)) };
  };
  const rolesFor: Access['rolesFor'] = (principalId, wanted, scope) =>
    account(principalId, wanted, scope).giving.map(({ role }) => role);
  return {
    assignments,
    definitions,
    account,
    rolesFor,
    allows: (principalId, wanted, scope) => rolesFor(principalId, wanted, scope).length > 0,
    sees: (principalId, scope) =>
      assignments
        .of([principalId, ...directory.groupsOf(principalId)])
        .some((assignment) => scopeHolds(assignment.scope, scope) || scopeHolds(scope, assignment.scope)),
  };
}
