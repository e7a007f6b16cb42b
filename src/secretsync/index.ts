export type { ReadMountedFile } from './build.ts';
export { SECRET_FIELD_MANAGER, syncSecrets, type SecretSyncOptions, type SecretSyncRequest } from './sync.ts';
