import { storeSection, type Json, type Store } from '#lab/store';
import { scopeHolds } from './permissions.ts';

/** Kinds of principals, as role assignments name them. */
export type PrincipalType = 'User' | 'Group' | 'ServicePrincipal';

/** A role that a principal has at a scope and below it. */
export interface RoleAssignment {
  /** The GUID that names it. */
  readonly name: string;
  /** An ARM id, as the client wrote it. */
  readonly scope: string;
  /** The GUID of the role. */
  readonly roleName: string;
  readonly principalId: string;
  readonly principalType: PrincipalType;
  readonly description?: string;
  /** Kept and shown, never evaluated. */
  readonly condition?: string;
  readonly conditionVersion?: string;
  /** RFC 3339. */
  readonly createdOn: string;
  readonly updatedOn: string;
  /** The object id of who made it. */
  readonly createdBy: string;
  readonly updatedBy: string;
}

/** All role assignments of the lab. Every change is stored on return and counts at once. */
export interface RoleAssignments {
  all(): readonly RoleAssignment[];
  /** By the GUID and the scope that it was made at. */
  find(scope: string, name: string): RoleAssignment | undefined;
  /** Those of any of these principals. */
  of(principalIds: readonly string[]): readonly RoleAssignment[];
  put(assignment: RoleAssignment): void;
  remove(assignment: RoleAssignment): void;
  /** Forgets those at `scope` and below: what they were about is gone. */
  forgetBelow(scope: string): void;
}

/** Opens the {@link RoleAssignments} in `store`. They are also held in memory: every request is checked against them. */
export function openRoleAssignments(store: Store): RoleAssignments {
  const section = storeSection(store, 'authorization/assignments/');
  const byKey = new Map<string, RoleAssignment>(
    section.list('').map(({ key, value }) => [key, value as unknown as RoleAssignment]),
  );
  const keyOf = ({ scope, name }: Pick<RoleAssignment, 'scope' | 'name'>) => `${scope} ${name}`.toLowerCase();
  const remove = (assignment: RoleAssignment) => {
    section.delete(keyOf(assignment));
    byKey.delete(keyOf(assignment));
  };
  return {
    all: () => [...byKey.values()],
    find: (scope, name) => byKey.get(keyOf({ scope, name })),
    of: (principalIds) => {
      const wanted = new Set(principalIds.map((id) => id.toLowerCase()));
      return [...byKey.values()].filter(({ principalId }) => wanted.has(principalId.toLowerCase()));
    },
    put: (assignment) => {
      section.put(keyOf(assignment), assignment as unknown as Json);
      byKey.set(keyOf(assignment), assignment);
    },
    remove,
    forgetBelow: (scope) => {
      for (const assignment of byKey.values()) if (scopeHolds(scope, assignment.scope)) remove(assignment);
    },
  };
}
