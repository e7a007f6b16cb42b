// Loaded on first use only, and as a module of its own: a bundle that imports a CommonJS package dynamically loses its names.
import forge from 'node-forge';

/** What a PKCS#12 file holds: DER each; a key as PKCS#8. */
export interface PfxContent {
  readonly keys: readonly Buffer[];
  readonly certificates: readonly Buffer[];
}

const { oids } = forge.pki;

/** Reads a PKCS#12 file. Throws forge's errors for another password and for what is no such file. */
export function readPfx(pfx: Buffer, password: string): PfxContent {
  const asn1 = forge.asn1.fromDer(forge.util.createBuffer(pfx.toString('binary')), false);
  const file = forge.pkcs12.pkcs12FromAsn1(asn1, false, password);
  const bags = file.safeContents.flatMap(({ safeBags }) => safeBags);
  return {
    keys: bags
      .filter(({ type }) => type === oids['keyBag'] || type === oids['pkcs8ShroudedKeyBag'])
      // An RSA key is taken apart by forge, any other one is left as it is.
      .map(({ key, asn1: other }) =>
        toDer(key == null ? other : forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key))),
      ),
    certificates: bags
      .filter(({ type }) => type === oids['certBag'])
      .map(({ cert, asn1: other }) => toDer(cert == null ? other : originalOf(cert))),
  };
}

/**
 * A certificate as it was, of which forge keeps the signed part: forge itself writes the parameters of some signature algorithms
 * otherwise. The algorithm stands in the signed part too (RFC 5280, section 4.1.1.2), behind the version and the serial number.
 */
function originalOf(cert: forge.pki.Certificate): forge.asn1.Asn1 {
  const { asn1 } = forge;
  const { tbsCertificate } = cert as forge.pki.Certificate & { readonly tbsCertificate: forge.asn1.Asn1 };
  const parts = tbsCertificate.value as forge.asn1.Asn1[];
  const algorithm = parts.find(
    ({ type, tagClass }) => tagClass === asn1.Class.UNIVERSAL && type === asn1.Type.SEQUENCE,
  );
  if (algorithm === undefined) throw new Error('a certificate has no signature algorithm');
  const signature = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, `\0${cert.signature as string}`);
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [tbsCertificate, algorithm, signature]);
}

function toDer(asn1: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary');
}
