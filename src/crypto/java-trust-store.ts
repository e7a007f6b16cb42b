import { createHash } from 'node:crypto';

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
/** sun.security.provider.JavaKeyStore puts these words between password and content when it makes the digest. */
const DIGEST_WORDS = 'Mighty Aphrodite';

/**
 * A Java key store (type JKS) that trusts the certificates of a PEM bundle. Every Java reads it as `javax.net.ssl.trustStore`,
 * also where PKCS12 is the default type (`keystore.type.compat` of java.security). The password protects nothing: it
 * only goes into the digest by which Java notices a damaged file.
 */
export function renderJavaTrustStore(
  pemBundle: string,
  options: { readonly password: string; readonly nowMs: number },
): Buffer {
  const certificates = [...pemBundle.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)];
  const content = Buffer.concat([
    uint32(MAGIC),
    uint32(VERSION),
    uint32(certificates.length),
    ...certificates.flatMap(([, base64 = ''], index) => {
      const der = Buffer.from(base64, 'base64');
      const created = Buffer.alloc(8);
      created.writeBigInt64BE(BigInt(options.nowMs));
      return [
        uint32(TRUSTED_CERTIFICATE),
        text(`certificate-${index}`),
        created,
        text('X.509'),
        uint32(der.length),
        der,
      ];
    }),
  ]);
  const digest = createHash('sha1')
    .update(Buffer.from(options.password, 'utf16le').swap16())
    .update(DIGEST_WORDS)
    .update(content)
    .digest();
  return Buffer.concat([content, digest]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** java.io.DataOutputStream.writeUTF, for ASCII. */
function text(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  return Buffer.concat([length, Buffer.from(value, 'ascii')]);
}
