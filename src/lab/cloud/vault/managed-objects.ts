import type { CertificateVersion } from './certificate-version.ts';
import type { KeyVersion } from './key-version.ts';
import type { BuriedObject, ObjectStore, StoredVersion } from './object-store.ts';
import type { SecretVersion } from './secret-version.ts';

/**
 * A vault's keys or secrets together with those that its certificates bring: each version of a certificate is also a key and
 * a secret of the same name and version. Those are seen here and kept nowhere, so that they can never differ from their
 * certificate; what is deleted or written is always an object of its own.
 */
export function withManaged<T extends StoredVersion>(
  own: ObjectStore<T>,
  certificates: ObjectStore<CertificateVersion>,
  derive: (certificate: CertificateVersion) => T,
): ObjectStore<T> {
  const optional = (certificate: CertificateVersion | undefined) =>
    certificate === undefined ? undefined : derive(certificate);
  const optionalBuried = (buried: BuriedObject<CertificateVersion> | undefined) =>
    buried === undefined ? undefined : { ...buried, latest: derive(buried.latest) };
  return {
    ...own,
    latest: (name) => own.latest(name) ?? optional(certificates.latest(name)),
    version: (name, version) => own.version(name, version) ?? optional(certificates.version(name, version)),
    versions: (name) => [...own.versions(name), ...certificates.versions(name).map(derive)],
    // Of a deleted certificate only the name is held: lists do not show its key and its secret.
    buried: (name) => own.buried(name) ?? optionalBuried(certificates.buried(name)),
    all: () => [...own.all(), ...certificates.all().map(derive)].sort((a, b) => (nameKey(a) < nameKey(b) ? -1 : 1)),
  };
}

/** The secret of a certificate: the certificate with its chain and, where it may be exported, its private key. */
export function secretOfCertificate(certificate: CertificateVersion): SecretVersion {
  const { secretValue, contentType } = certificate;
  return { ...commonParts(certificate), value: secretValue, contentType };
}

/** The key of a certificate, for the uses that the certificate names. */
export function keyOfCertificate(certificate: CertificateVersion): KeyVersion {
  const { material, hsm, operations, exportable } = certificate;
  return { ...commonParts(certificate), material, hsm, operations, exportable };
}

function commonParts(certificate: CertificateVersion): StoredVersion {
  const { name, version, sequence, enabled, notBefore, expires, created, updated, tags } = certificate;
  return {
    name,
    version,
    sequence,
    enabled,
    created,
    updated,
    managed: true,
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(expires === undefined ? {} : { expires }),
    ...(tags === undefined ? {} : { tags }),
  };
}

function nameKey({ name }: StoredVersion): string {
  return name.toLowerCase();
}
