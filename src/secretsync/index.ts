export type { ListMountedFiles, ReadMountedFile } from './build.ts';
export { syncSecrets, type SecretSyncOptions, type SecretSyncRequest } from './sync.ts';
