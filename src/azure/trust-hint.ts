/** The help where a server's certificate is not trusted. */
export const NOT_TRUSTED =
  "the node does not trust the certificate: a proxy that reads TLS needs its authority in the chart's caBundle (NODE_EXTRA_CA_CERTS)";

/** What Node calls such certificates (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
export const UNTRUSTED_CODES = [
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
] as const;

/** Whether `error`, or what caused it, is a certificate that is not trusted. */
export function isUntrusted(error: unknown): boolean {
  const known: readonly unknown[] = UNTRUSTED_CODES;
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('code' in at && known.includes(at.code)) return true;
  }
  return false;
}
