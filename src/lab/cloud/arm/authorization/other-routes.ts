import { json } from '../../rest/request.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { Access } from './access.ts';
import { scopeHolds } from './permissions.ts';

/** What else clients ask about a scope: their own permissions there; and deny assignments and locks, which the lab has none of. */
export function createOtherAuthorizationRoutes(access: Access): readonly ArmRoute[] {
  const permissions = (call: ArmCall) => {
    const { scope = '/' } = call.params;
    const roles = access.assignments
      .of([call.token.objectId])
      .filter((assignment) => scopeHolds(assignment.scope, scope))
      .flatMap(({ roleName }) => access.definitions.find(roleName) ?? []);
    return json(200, { value: roles.flatMap((role) => role.permissions) });
  };
  return [
    {
      method: 'GET',
      path: '/providers/Microsoft.Authorization/permissions',
      operation: 'Microsoft.Authorization/permissions/read',
      handle: permissions,
    },
    ...['denyAssignments', 'locks'].map((type): ArmRoute => ({
      method: 'GET',
      path: `/providers/Microsoft.Authorization/${type}`,
      operation: `Microsoft.Authorization/${type}/read`,
      handle: () => json(200, { value: [] }),
    })),
  ];
}
