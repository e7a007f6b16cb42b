import type { KeyMaterial } from './key-material.ts';
import type { StoredVersion } from './object-store.ts';

/** One version of a key. */
export interface KeyVersion extends StoredVersion {
  readonly material: KeyMaterial;
  /** Kept in hardware: the type is called `RSA-HSM` or `EC-HSM`. */
  readonly hsm: boolean;
  readonly operations: readonly string[];
  readonly exportable?: boolean;
}
