import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { explicit, integer, nothing, octetString, oid, sequence, setOf, element } from './der.ts';

/** What goes into a PKCS#12 file. */
export interface Pkcs12Content {
  /** PKCS#8, DER; without it the file has certificates only. */
  readonly privateKey?: Buffer;
  /** The key's own certificate. */
  readonly leaf: Buffer;
  /** DER, the leaf included, in the order in which they are written. */
  readonly certificates: readonly Buffer[];
  /** 40 random bytes: two salts. */
  readonly salts: Buffer;
}

const PKCS7_DATA = oid('1.2.840.113549.1.7.1');
const PKCS7_ENCRYPTED_DATA = oid('1.2.840.113549.1.7.6');
const PBE_SHA1_3DES = oid('1.2.840.113549.1.12.1.3');
const SHROUDED_KEY_BAG = oid('1.2.840.113549.1.12.10.1.2');
const CERT_BAG = oid('1.2.840.113549.1.12.10.1.3');
const X509_CERTIFICATE = oid('1.2.840.113549.1.9.22.1');
const LOCAL_KEY_ID = oid('1.2.840.113549.1.9.21');
const SHA1 = oid('1.3.14.3.2.26');

/** As in the files that Windows, and so Azure, writes. */
const ITERATIONS = 2000;
const SALT_BYTES = 20;

/** The purposes of keys that are derived from a password (RFC 7292, appendix B.3). */
const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;

/**
 * A PKCS#12 file (RFC 7292) with an empty password, encrypted as Key Vault's are: SHA-1 and three-key triple DES, for the
 * key and the certificates alike. Written without any library: what reads it in production is tested by it.
 */
export function writePkcs12({ privateKey, leaf, certificates, salts }: Pkcs12Content): Buffer {
  const [bagSalt, macSalt] = [salts.subarray(0, SALT_BYTES), salts.subarray(SALT_BYTES)];
  const keyId = createHash('sha1').update(leaf).digest();
  const localKeyId = setOf(sequence(LOCAL_KEY_ID, setOf(octetString(keyId))));

  const certBags = certificates.map((certificate) =>
    sequence(
      CERT_BAG,
      explicit(0, sequence(X509_CERTIFICATE, explicit(0, octetString(certificate)))),
      ...(certificate.equals(leaf) && privateKey !== undefined ? [localKeyId] : []),
    ),
  );
  const keyContents =
    privateKey === undefined
      ? []
      : [
          data(
            sequence(
              sequence(
                SHROUDED_KEY_BAG,
                explicit(0, sequence(pbe(bagSalt), octetString(encrypt(privateKey, bagSalt)))),
                localKeyId,
              ),
            ),
          ),
        ];
  const safe = sequence(...keyContents, encryptedData(sequence(...certBags), bagSalt));
  const mac = createHmac('sha1', deriveKey(PURPOSE.mac, 20, macSalt))
    .update(safe)
    .digest();
  return sequence(
    integer(3),
    data(safe),
    sequence(sequence(sequence(SHA1, nothing()), octetString(mac)), octetString(macSalt), integer(ITERATIONS)),
  );
}

function data(content: Buffer): Buffer {
  return sequence(PKCS7_DATA, explicit(0, octetString(content)));
}

function encryptedData(content: Buffer, salt: Buffer): Buffer {
  const encrypted = sequence(PKCS7_DATA, pbe(salt), element(0x80, encrypt(content, salt)));
  return sequence(PKCS7_ENCRYPTED_DATA, explicit(0, sequence(integer(0), encrypted)));
}

function pbe(salt: Buffer): Buffer {
  return sequence(PBE_SHA1_3DES, sequence(octetString(salt), integer(ITERATIONS)));
}

function encrypt(content: Buffer, salt: Buffer): Buffer {
  const cipher = createCipheriv('des-ede3-cbc', deriveKey(PURPOSE.key, 24, salt), deriveKey(PURPOSE.iv, 8, salt));
  return Buffer.concat([cipher.update(content), cipher.final()]);
}

/** Derives bytes from the empty password (RFC 7292, appendix B.2, with SHA-1: u = 20, v = 64). */
function deriveKey(purpose: number, length: number, salt: Buffer): Buffer {
  const block = 64;
  // The empty password as a BMPString with its end: two zero bytes.
  const password = repeatTo(Buffer.alloc(2), block);
  let input = Buffer.concat([repeatTo(salt, block), password]);
  const diversifier = Buffer.alloc(block, purpose);
  const derived: Buffer[] = [];
  for (let size = 0; size < length; size += 20) {
    let digest = Buffer.concat([diversifier, input]);
    for (let round = 0; round < ITERATIONS; round += 1) digest = createHash('sha1').update(digest).digest();
    derived.push(digest);
    const addend = repeatTo(digest, block);
    input = Buffer.concat(
      Array.from({ length: input.length / block }, (_, index) =>
        addPlusOne(input.subarray(index * block, (index + 1) * block), addend),
      ),
    );
  }
  return Buffer.concat(derived).subarray(0, length);
}

/** `bytes` over and over until a whole number of blocks is full. */
function repeatTo(bytes: Buffer, block: number): Buffer {
  const length = block * Math.ceil(bytes.length / block);
  return Buffer.alloc(length, bytes);
}

/** a + b + 1 of two big-endian numbers of equal length, without the carry. */
function addPlusOne(a: Buffer, b: Buffer): Buffer {
  const sum = Buffer.alloc(a.length);
  let carry = 1;
  for (let index = a.length - 1; index >= 0; index -= 1) {
    carry += (a[index] ?? 0) + (b[index] ?? 0);
    sum[index] = carry & 0xff;
    carry >>= 8;
  }
  return sum;
}
