// Loaded on first use only, and as a module of its own: a bundle that imports a CommonJS package dynamically loses its names.
import forge from 'node-forge';

/** What a PKCS#12 file holds: DER each; a key as PKCS#8. */
export interface PfxContent {
  readonly keys: readonly Buffer[];
  readonly certificates: readonly Buffer[];
}

const { oids } = forge.pki;

/** Rounds of a key derivation; several times what any tool writes, and some seconds of work. */
const MOST_ITERATIONS = 1_000_000;

/**
 * Reads a PKCS#12 file. Throws forge's errors for another password and for what is no such file, and an error for one whose
 * passwords would keep the lab busy for minutes.
 */
export function readPfx(pfx: Buffer, password: string): PfxContent {
  const asn1 = forge.asn1.fromDer(forge.util.createBuffer(pfx.toString('binary')), false);
  checkIterations(asn1);
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

/** Looks at the small numbers of the file, down to what is encrypted: all of them are versions and iteration counts. */
function checkIterations(value: forge.asn1.Asn1): void {
  const { asn1 } = forge;
  if (Array.isArray(value.value)) {
    value.value.forEach(checkIterations);
    return;
  }
  if (value.tagClass !== asn1.Class.UNIVERSAL) return;
  if (value.type === asn1.Type.OCTETSTRING) return checkInside(value.value as string);
  if (value.type !== asn1.Type.INTEGER) return;
  const bytes = Buffer.from(value.value as string, 'binary');
  if (bytes.length <= 6 && bytes.length > 0 && bytes.readUIntBE(0, bytes.length) > MOST_ITERATIONS) {
    throw new Error(`more than ${MOST_ITERATIONS} iterations`);
  }
}

function checkInside(content: string): void {
  let inside: forge.asn1.Asn1;
  try {
    inside = forge.asn1.fromDer(forge.util.createBuffer(content), false);
  } catch {
    // Salts and what is encrypted.
    return;
  }
  checkIterations(inside);
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
