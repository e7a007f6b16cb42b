import { createDecipheriv, hash, pbkdf2 } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { KeyferryError } from '#base';
import { BER_TAGS, integerOf, octetsOf, oidOf, sequenceOf, type BerValue } from './ber.ts';

const derivePbkdf2 = promisify(pbkdf2);

/** A hash function by OpenSSL's name, with the sizes of its result and of what it takes in at a time, bytes. */
export interface HashFacts {
  readonly name: string;
  readonly size: number;
  readonly block: number;
}

const MD5: HashFacts = { name: 'md5', size: 16, block: 64 };
const SHA1: HashFacts = { name: 'sha1', size: 20, block: 64 };
const SHA224: HashFacts = { name: 'sha224', size: 28, block: 64 };
const SHA256: HashFacts = { name: 'sha256', size: 32, block: 64 };
const SHA384: HashFacts = { name: 'sha384', size: 48, block: 128 };
const SHA512: HashFacts = { name: 'sha512', size: 64, block: 128 };

/** Hash functions by object identifier. */
export const HASHES: Readonly<Record<string, HashFacts>> = {
  '1.2.840.113549.2.5': MD5,
  '1.3.14.3.2.26': SHA1,
  '2.16.840.1.101.3.4.2.4': SHA224,
  '2.16.840.1.101.3.4.2.1': SHA256,
  '2.16.840.1.101.3.4.2.2': SHA384,
  '2.16.840.1.101.3.4.2.3': SHA512,
};

/** Hash functions of HMAC by object identifier (RFC 8018, appendix B.1). */
export const HMAC_HASHES: Readonly<Record<string, HashFacts>> = {
  '1.2.840.113549.2.7': SHA1,
  '1.2.840.113549.2.8': SHA224,
  '1.2.840.113549.2.9': SHA256,
  '1.2.840.113549.2.10': SHA384,
  '1.2.840.113549.2.11': SHA512,
};

interface CipherFacts {
  /** OpenSSL's name; RC2 is not among what Node can still do. */
  readonly name: 'rc2' | 'des-ede3-cbc' | 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc';
  readonly keyBytes: number;
  readonly ivBytes: number;
}

/** What PKCS#12 has of its own (RFC 7292, appendix C): a key and an IV from SHA-1, in the order of the identifiers' last number. */
const PKCS12_CIPHERS: Readonly<Record<string, CipherFacts>> = {
  '1.2.840.113549.1.12.1.3': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
  '1.2.840.113549.1.12.1.4': { name: 'des-ede3-cbc', keyBytes: 16, ivBytes: 8 },
  '1.2.840.113549.1.12.1.5': { name: 'rc2', keyBytes: 16, ivBytes: 8 },
  '1.2.840.113549.1.12.1.6': { name: 'rc2', keyBytes: 5, ivBytes: 8 },
};

/** What goes with PBES2 (RFC 8018, appendix B.2; RFC 3565). */
const PBES2_CIPHERS: Readonly<Record<string, CipherFacts>> = {
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16, ivBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24, ivBytes: 16 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32, ivBytes: 16 },
};

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';

/** More than the rounds of all keys of a file together: Java 12 wrote 350,000, OpenSSL 3 writes 6,000. */
const MAX_ROUNDS = 2_000_000;
const MAX_SALT_BYTES = 1024;
const ROUNDS_BEFORE_PAUSE = 5_000;

/** The work that reading one file may cost. */
export interface Effort {
  rounds: number;
}

/** A password in the two forms in which files need it. */
export interface Password {
  /** For what PKCS#12 has of its own: UTF-16 with a zero at its end. No password at all is no bytes. */
  readonly utf16: Buffer;
  /** For PBKDF2. */
  readonly utf8: Buffer;
}

/**
 * The forms of a password. An empty one has two: some programs write the terminating zero that RFC 7292 (appendix B.1)
 * demands, others nothing.
 */
export function passwordForms(password: string): readonly Password[] {
  const utf8 = Buffer.from(password);
  const utf16 = Buffer.from(`${password}\0`, 'utf16le').swap16();
  return password === ''
    ? [
        { utf16, utf8 },
        { utf16: Buffer.alloc(0), utf8 },
      ]
    : [{ utf16, utf8 }];
}

/** Decrypts what an AlgorithmIdentifier of password-based encryption says. Undefined: not with this password. */
export async function decryptWithPassword(
  algorithm: BerValue | undefined,
  encrypted: Buffer,
  password: Password,
  effort: Effort,
): Promise<Buffer | undefined> {
  const [oid, parameters] = sequenceOf(algorithm);
  const id = oidOf(oid);
  if (id === PBES2) {
    const [derivation, scheme] = sequenceOf(parameters);
    const [schemeOid, iv] = sequenceOf(scheme);
    const cipher = PBES2_CIPHERS[oidOf(schemeOid)];
    if (cipher === undefined) throw unsupported('cipher', oidOf(schemeOid));
    const key = await deriveByPbkdf2(derivation, password, cipher.keyBytes, effort);
    return decrypt(cipher, key, octetsOf(iv), encrypted);
  }
  const cipher = PKCS12_CIPHERS[id];
  if (cipher === undefined) throw unsupported('encryption', id);
  const [salt, iterations] = sequenceOf(parameters);
  const derive = (purpose: Purpose, bytes: number) =>
    deriveByPkcs12(SHA1, { purpose, bytes, salt: octetsOf(salt), rounds: integerOf(iterations) }, password, effort);
  const key = await derive('key', cipher.keyBytes);
  const whole = cipher.name === 'des-ede3-cbc' && key.length === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key;
  return decrypt(cipher, whole, await derive('iv', cipher.ivBytes), encrypted);
}

async function decrypt(cipher: CipherFacts, key: Buffer, iv: Buffer, data: Buffer): Promise<Buffer | undefined> {
  if (iv.length !== cipher.ivBytes) throw new KeyferryError('failed-precondition', 'pkcs12: an IV has the wrong size');
  if (cipher.name === 'rc2') return (await import('./rc2.ts')).decryptRc2(key, iv, data);
  try {
    const decipher = createDecipheriv(cipher.name, key, iv);
    return Buffer.concat([decipher.update(data), decipher.final()]);
  } catch {
    // The padding is wrong: the key is.
    return undefined;
  }
}

/** A key by PBKDF2 as its AlgorithmIdentifier says (RFC 8018, appendix A.2). */
export async function deriveByPbkdf2(
  algorithm: BerValue | undefined,
  password: Password,
  bytes: number,
  effort: Effort,
): Promise<Buffer> {
  const [oid, parameters] = sequenceOf(algorithm);
  if (oidOf(oid) !== PBKDF2) throw unsupported('key derivation', oidOf(oid));
  const [salt, iterations, ...optional] = sequenceOf(parameters);
  const prf = optional.find(({ tag }) => tag === BER_TAGS.sequence);
  const prfOid = prf === undefined ? undefined : oidOf(prf.children[0]);
  const digest = prfOid === undefined ? SHA1 : HMAC_HASHES[prfOid];
  if (digest === undefined) throw unsupported('hash function', prfOid ?? '');
  const rounds = spend(effort, integerOf(iterations), bytes / digest.size);
  return derivePbkdf2(password.utf8, limitSalt(octetsOf(salt)), rounds, bytes, digest.name);
}

type Purpose = 'key' | 'iv' | 'mac';
const PURPOSES: Readonly<Record<Purpose, number>> = { key: 1, iv: 2, mac: 3 };

/** What is derived, and from what. */
export interface Derivation {
  readonly purpose: Purpose;
  readonly bytes: number;
  readonly salt: Buffer;
  readonly rounds: number;
}

/** A key by the derivation of PKCS#12 itself (RFC 7292, appendix B.2). */
export async function deriveByPkcs12(
  { name, size, block }: HashFacts,
  { purpose, bytes, salt, rounds }: Derivation,
  { utf16 }: Password,
  effort: Effort,
): Promise<Buffer> {
  spend(effort, rounds, bytes / size);
  const diversifier = Buffer.alloc(block, PURPOSES[purpose]);
  const input = Buffer.concat([fill(limitSalt(salt), block), fill(utf16, block)]);
  const derived: Buffer[] = [];
  for (let have = 0; have < bytes; have += size) {
    let digest: Buffer = hash(name, Buffer.concat([diversifier, input]), 'buffer');
    for (let round = 1; round < rounds; round += 1) {
      digest = hash(name, digest, 'buffer');
      // The other mounts of the process are not to wait for this one.
      if (round % ROUNDS_BEFORE_PAUSE === 0) await setImmediate();
    }
    derived.push(digest);
    addToBlocks(input, fill(digest, block), block);
  }
  return Buffer.concat(derived).subarray(0, bytes);
}

/** `bytes` again and again, to a whole number of blocks. */
function fill(bytes: Buffer, block: number): Buffer {
  return bytes.length === 0 ? bytes : Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

/** Adds `addend` + 1 to each block of `input`, as big-endian numbers of that size. */
function addToBlocks(input: Buffer, addend: Buffer, block: number): void {
  for (let start = 0; start < input.length; start += block) {
    let carry = 1;
    for (let at = block - 1; at >= 0; at -= 1) {
      carry += (input[start + at] ?? 0) + (addend[at] ?? 0);
      input[start + at] = carry & 0xff;
      carry >>= 8;
    }
  }
}

function spend(effort: Effort, rounds: number, blocks: number): number {
  if (rounds < 1) throw new KeyferryError('failed-precondition', 'pkcs12: the number of rounds is 0');
  effort.rounds += rounds * Math.ceil(blocks);
  if (effort.rounds <= MAX_ROUNDS) return rounds;
  throw new KeyferryError('failed-precondition', `pkcs12: its keys take more than ${MAX_ROUNDS} rounds to derive`);
}

function limitSalt(salt: Buffer): Buffer {
  if (salt.length > MAX_SALT_BYTES) throw new KeyferryError('failed-precondition', 'pkcs12: a salt is too long');
  return salt;
}

/** The error for an algorithm that is not among those above. */
export function unsupported(what: string, oid: string): KeyferryError {
  return new KeyferryError('failed-precondition', `pkcs12: ${what} ${oid} is not supported`, {
    hint: 'export it again with AES-256, or with 3DES',
  });
}
