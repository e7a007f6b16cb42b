import type { StoredVersion } from './object-store.ts';

/** One version of a secret. */
export interface SecretVersion extends StoredVersion {
  readonly value: string;
  readonly contentType?: string;
}
