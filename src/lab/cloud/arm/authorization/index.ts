export { openAccess, type Access, type HeldRole } from './access.ts';
export { authorizationFailed, authorizeAction } from './authorize.ts';
export { createOtherAuthorizationRoutes } from './other-routes.ts';
export { requiredAction } from './required-action.ts';
export { createRoleAssignmentRoutes } from './role-assignment-routes.ts';
export { createRoleDefinitionRoutes } from './role-definition-routes.ts';
