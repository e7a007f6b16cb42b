export { type RoleCheck } from './authorize.ts';
export { forgetVaultContents } from './object-store.ts';
export { vaultExists } from './vault-hosts.ts';
export { type AccessPolicy, type VaultRecord, type VaultRegistry } from './vault-registry.ts';
export { createVaultService, type VaultService, type VaultServiceDeps } from './vault-service.ts';
