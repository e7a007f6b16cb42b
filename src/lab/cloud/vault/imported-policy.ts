import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { UNKNOWN_ISSUER, type ContentType, type SentPolicy } from './certificate-policy.ts';
import type { IssuedCertificate } from './certificate-version.ts';
import { rsaSizeOf } from './key-material.ts';
import { KEY_USAGES, type KeyUsage } from './x509-writer.ts';

const DAYS_PER_MONTH = 365.2425 / 12;
const DAY_MS = 86_400_000;

/**
 * The policy of a certificate that is imported: what was sent of it, while what the certificate and its key are is read from
 * them.
 */
export function describePolicy(issued: IssuedCertificate, sent: SentPolicy, contentType: ContentType): SentPolicy {
  const { material, leaf } = issued;
  const certificate = new x509.X509Certificate(leaf);
  const months = (certificate.notAfter.getTime() - certificate.notBefore.getTime()) / DAY_MS / DAYS_PER_MONTH;
  const hsm = sent.key_props?.kty?.endsWith('-HSM') === true;
  return {
    key_props: {
      exportable: sent.key_props?.exportable,
      reuse_key: sent.key_props?.reuse_key,
      kty: hsm ? `${material.kty}-HSM` : material.kty,
      key_size: rsaSizeOf(material),
      crv: material.kty === 'EC' ? material.crv : undefined,
    },
    secret_props: { contentType },
    x509_props: {
      subject: certificate.subject,
      sans: alternativeNamesOf(certificate),
      ekus: certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages.map(String) ?? [],
      key_usage: keyUsagesOf(certificate),
      validity_months: Math.min(1200, Math.max(1, Math.round(months))),
      basic_constraints: { ca: certificate.getExtension(x509.BasicConstraintsExtension)?.ca ?? false },
    },
    lifetime_actions: sent.lifetime_actions,
    issuer: { ...sent.issuer, name: sent.issuer?.name ?? UNKNOWN_ISSUER },
  };
}

function keyUsagesOf(certificate: x509.X509Certificate): KeyUsage[] {
  const flags = certificate.getExtension(x509.KeyUsagesExtension)?.usages ?? 0;
  return Object.entries(KEY_USAGES).flatMap(([name, flag]) => ((flags & flag) === 0 ? [] : [name as KeyUsage]));
}

function alternativeNamesOf(certificate: x509.X509Certificate) {
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const of = (wanted: x509.GeneralNameType) => {
    const values = names.filter(({ type }) => type === wanted).map(({ value }) => value);
    return values.length === 0 ? undefined : values;
  };
  return {
    emails: of('email'),
    dns_names: of('dns'),
    upns: of('upn'),
    uris: of('url'),
    ip_addresses: of('ip'),
  };
}
