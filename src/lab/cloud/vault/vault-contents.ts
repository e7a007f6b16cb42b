import type { CertificateOperation } from './certificate-operation.ts';
import type { CertificateVersion } from './certificate-version.ts';
import type { KeyVersion } from './key-version.ts';
import { keyOfCertificate, secretOfCertificate, withManaged } from './managed-objects.ts';
import { openObjectStore, type ObjectStore, type StoredVersion } from './object-store.ts';
import type { ObjectTypeDeps } from './object-type.ts';
import type { SecretVersion } from './secret-version.ts';

/** All that one vault holds. */
export interface VaultContents {
  /** Keys and secrets, with those that belong to certificates. */
  readonly keys: ObjectStore<KeyVersion>;
  readonly secrets: ObjectStore<SecretVersion>;
  readonly certificates: ObjectStore<CertificateVersion>;
  /** The last request for each certificate; a name has one version at most. */
  readonly operations: ObjectStore<CertificateOperation>;
}

/** Opens the contents of the vault `vaultName`. */
export function openVaultContents(
  { store, clock }: Pick<ObjectTypeDeps, 'store' | 'clock'>,
  vaultName: string,
): VaultContents {
  const open = <T extends StoredVersion>(collection: string) => openObjectStore<T>(store, clock, vaultName, collection);
  const certificates = open<CertificateVersion>('certificates');
  return {
    certificates,
    keys: withManaged(open<KeyVersion>('keys'), certificates, keyOfCertificate),
    secrets: withManaged(open<SecretVersion>('secrets'), certificates, secretOfCertificate),
    operations: open<CertificateOperation>('pendingcertificates'),
  };
}

/** How many objects of its own a vault has of each kind: not the keys and secrets of its certificates. */
export function countVaultContents(
  deps: Pick<ObjectTypeDeps, 'store' | 'clock'>,
  vaultName: string,
): { readonly secrets: number; readonly keys: number; readonly certificates: number } {
  const { secrets, keys, certificates } = openVaultContents(deps, vaultName);
  const own = (objects: ObjectStore<StoredVersion>) => objects.all().filter(({ managed }) => managed !== true).length;
  return { secrets: own(secrets), keys: own(keys), certificates: own(certificates) };
}
