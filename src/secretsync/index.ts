export type { FindOwners, SecretClient } from './apply.ts';
export type { MountedFiles } from './build.ts';
export { ownersOfPod } from './owners.ts';
export { syncSecrets, type SecretSyncOptions, type SecretSyncRequest, type SecretSyncResult } from './sync.ts';
