import { createHmac, timingSafeEqual } from 'node:crypto';
import { KeyferryError, Secret } from '#base';
import { BER_TAGS, integerOf, octetsOf, oidOf, readBer, renderDer, sequenceOf, type BerValue } from './ber.ts';
import {
  decryptWithPassword,
  deriveByPbkdf2,
  deriveByPkcs12,
  HASHES,
  HMAC_HASHES,
  passwordForms,
  unsupported,
  type Effort,
  type Password,
} from './pkcs12-cipher.ts';

/** What a PKCS#12 file (a PFX) holds, each in the order of the file. */
export interface Pkcs12Content {
  /** Private keys, each a PKCS#8 PrivateKeyInfo (DER) without attributes, whatever its algorithm. */
  readonly keys: readonly Secret<Buffer>[];
  /** Certificates, each X.509 (DER). */
  readonly certificates: readonly Buffer[];
}

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const PBMAC1 = '1.2.840.113549.1.5.14';
const BAGS = '1.2.840.113549.1.12.10.1';
const KEY_BAG = `${BAGS}.1`;
const SHROUDED_KEY_BAG = `${BAGS}.2`;
const CERTIFICATE_BAG = `${BAGS}.3`;
const NESTED_BAG = `${BAGS}.6`;
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';

const EXPLICIT_0 = 0xa0;
const IMPLICIT_0 = 0x80;

/** A vault's secret has at most 25 KiB; a file of a person is never near this. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_ENTRIES = 200;

/** What one reading of a file has in hand. */
interface Reading {
  readonly passwords: readonly Password[];
  readonly effort: Effort;
  readonly keys: Secret<Buffer>[];
  readonly certificates: Buffer[];
}

/**
 * Reads a PKCS#12 file (RFC 7292, with the MAC of RFC 9579), in BER or DER, with or without a MAC. Keys and certificates are
 * taken out as they are, so that their algorithms do not matter. Throws `failed-precondition` when it is none, is encrypted
 * in a way that is not supported, would take too much work, or when the password is wrong.
 */
export async function readPkcs12(bytes: Uint8Array, password: string): Promise<Pkcs12Content> {
  if (bytes.byteLength > MAX_FILE_BYTES) throw refuse(`it has more than ${MAX_FILE_BYTES} bytes`);
  const [version, authSafe, macData] = sequenceOf(readBer(bytes));
  if (integerOf(version) !== 3) throw refuse('only version 3 is supported');
  const safe = dataOf(authSafe);
  const effort: Effort = { rounds: 0 };
  const forms = passwordForms(password);
  // The MAC tells which form of the password the file was written with; programs are not always of one mind in one file.
  const proved = macData === undefined ? forms[0] : await provenPassword(macData, safe, forms, effort);
  if (proved === undefined) throw wrongPassword();
  const passwords = [proved, ...forms.filter((form) => form !== proved)];
  const reading: Reading = { passwords, effort, keys: [], certificates: [] };
  for (const part of sequenceOf(readBer(safe))) await readPart(part, reading);
  return { keys: reading.keys, certificates: reading.certificates };
}

/** One ContentInfo of the file: bags, or bags that are encrypted together. */
async function readPart(part: BerValue, reading: Reading): Promise<void> {
  const [type, content] = sequenceOf(part);
  switch (oidOf(type)) {
    case DATA:
      return readBags(sequenceOf(readBer(dataOf(part))), reading);
    case ENCRYPTED_DATA: {
      const [, encrypted] = sequenceOf(explicit(content));
      const [, algorithm, data] = sequenceOf(encrypted);
      const bags = await decryptValue(algorithm, octetsOf(data, IMPLICIT_0), reading);
      return readBags(sequenceOf(bags), reading);
    }
    default:
      throw unsupported('content', oidOf(type));
  }
}

async function readBags(bags: readonly BerValue[], reading: Reading): Promise<void> {
  for (const bag of bags) {
    const [type, content] = sequenceOf(bag);
    if (reading.keys.length + reading.certificates.length >= MAX_ENTRIES) {
      throw refuse(`it has more than ${MAX_ENTRIES} keys and certificates`);
    }
    switch (oidOf(type)) {
      case KEY_BAG:
        reading.keys.push(new Secret(renderPrivateKeyInfo(explicit(content))));
        break;
      case SHROUDED_KEY_BAG: {
        const [algorithm, data] = sequenceOf(explicit(content));
        const info = await decryptValue(algorithm, octetsOf(data), reading);
        reading.keys.push(new Secret(renderPrivateKeyInfo(info)));
        break;
      }
      case CERTIFICATE_BAG: {
        const [kind, certificate] = sequenceOf(explicit(content));
        if (oidOf(kind) === X509_CERTIFICATE) reading.certificates.push(octetsOf(explicit(certificate)));
        break;
      }
      case NESTED_BAG:
        await readBags(sequenceOf(explicit(content)), reading);
        break;
      default:
      // Revocation lists and secrets of one's own have no place in a PEM file.
    }
  }
}

/** The first of the passwords that decrypts to a value is right: padding alone fits one wrong key in 256. */
async function decryptValue(
  algorithm: BerValue | undefined,
  data: Buffer,
  { passwords, effort }: Reading,
): Promise<BerValue> {
  for (const password of passwords) {
    const plain = await decryptWithPassword(algorithm, data, password, effort);
    if (plain === undefined) continue;
    try {
      return readBer(plain);
    } catch {
      // another form of the password
    }
  }
  throw wrongPassword();
}

async function provenPassword(
  macData: BerValue,
  data: Buffer,
  forms: readonly Password[],
  effort: Effort,
): Promise<Password | undefined> {
  const [digestInfo, salt, iterations] = sequenceOf(macData);
  const [algorithm, expected] = sequenceOf(digestInfo);
  const [oid, parameters] = sequenceOf(algorithm);
  const id = oidOf(oid);
  const mac = octetsOf(expected);
  const digest = HASHES[id];
  if (digest === undefined && id !== PBMAC1) throw unsupported('MAC', id);
  for (const form of forms) {
    let actual: Buffer;
    if (digest === undefined) actual = await pbmac1(parameters, data, form, effort);
    else {
      const rounds = iterations === undefined ? 1 : integerOf(iterations);
      const derivation = { purpose: 'mac', bytes: digest.size, salt: octetsOf(salt), rounds } as const;
      const key = await deriveByPkcs12(digest, derivation, form, effort);
      actual = createHmac(digest.name, key).update(data).digest();
    }
    if (actual.length === mac.length && timingSafeEqual(actual, mac)) return form;
  }
  return undefined;
}

/** The MAC of RFC 9579, which OpenSSL 3.4 writes where it is asked to. */
async function pbmac1(
  parameters: BerValue | undefined,
  data: Buffer,
  password: Password,
  effort: Effort,
): Promise<Buffer> {
  const [derivation, scheme] = sequenceOf(parameters);
  const schemeId = oidOf(sequenceOf(scheme)[0]);
  const digest = HMAC_HASHES[schemeId];
  if (digest === undefined) throw unsupported('MAC', schemeId);
  const [, derivationParameters] = sequenceOf(derivation);
  const [, , keyLength] = sequenceOf(derivationParameters);
  const bytes = integerOf(keyLength);
  if (bytes < 1 || bytes > 512) throw refuse('the key of its MAC has an odd size');
  const key = await deriveByPbkdf2(derivation, password, bytes, effort);
  return createHmac(digest.name, key).update(data).digest();
}

/** A private key in version 1 of PKCS#8 (RFC 5208): Windows adds attributes, others the public key, which not all readers take. */
function renderPrivateKeyInfo(info: BerValue): Buffer {
  const [version, algorithm, key] = sequenceOf(info);
  if (integerOf(version) > 1 || algorithm === undefined) throw refuse('a private key has an unknown form');
  return renderDer(
    BER_TAGS.sequence,
    renderDer(BER_TAGS.integer, Buffer.of(0)),
    algorithm.raw,
    renderDer(BER_TAGS.octets, octetsOf(key)),
  );
}

/** The octets of a ContentInfo of type data. */
function dataOf(contentInfo: BerValue | undefined): Buffer {
  const [type, content] = sequenceOf(contentInfo);
  const id = oidOf(type);
  if (id !== DATA) throw unsupported('content', id);
  return octetsOf(explicit(content));
}

function explicit(value: BerValue | undefined): BerValue {
  const [inner] = value?.tag === EXPLICIT_0 ? value.children : [];
  if (inner === undefined) throw refuse('a value is missing');
  return inner;
}

function wrongPassword(): KeyferryError {
  return new KeyferryError('failed-precondition', 'pkcs12: decryption password incorrect');
}

function refuse(why: string): KeyferryError {
  return new KeyferryError('failed-precondition', `pkcs12: ${why}`);
}
