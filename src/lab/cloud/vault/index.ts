export { type RoleCheck } from './authorize.ts';
export type { RoleGrant } from './access-reasons.ts';
export { forgetVaultContents } from './object-store.ts';
export { type AccessPolicy, type VaultNetwork, type VaultRecord, type VaultRegistry } from './vault-registry.ts';
export { createVaultService, type VaultService } from './vault-service.ts';
