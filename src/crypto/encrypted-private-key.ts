import type { KeyObject } from 'node:crypto';
import { errorText, KeyferryError } from '#base';
import { octetsOf, readBer, sequenceOf } from './ber.ts';
import { decryptWithPassword, passwordForms, type Effort } from './pkcs12-cipher.ts';
import { readPrivateKey } from './private-key.ts';

/**
 * Reads a private key that is encrypted with a password (EncryptedPrivateKeyInfo of PKCS#8, RFC 5958, in DER), with the
 * algorithms and the limit of work of readPkcs12. OpenSSL itself has no such limit: a file with two thousand million
 * rounds keeps the whole process waiting for many minutes. Throws `failed-precondition`.
 */
export async function readEncryptedPrivateKey(der: Uint8Array, password: string): Promise<KeyObject> {
  const effort: Effort = { rounds: 0 };
  try {
    const [algorithm, encrypted] = sequenceOf(readBer(der));
    for (const form of passwordForms(password)) {
      const plain = await decryptWithPassword(algorithm, octetsOf(encrypted), form, effort);
      const key = plain === undefined ? undefined : keyIn(plain);
      if (key !== undefined) return key;
    }
  } catch (error) {
    const { hint } = error instanceof KeyferryError ? error : {};
    const text = errorText(error).replace(/^pkcs12: /, '');
    throw new KeyferryError('failed-precondition', `pkcs8: ${text}`, hint === undefined ? {} : { hint });
  }
  throw new KeyferryError('failed-precondition', 'pkcs8: decryption password incorrect');
}

/** Undefined where a wrong password has the right padding by chance. */
function keyIn(plain: Buffer): KeyObject | undefined {
  try {
    return readPrivateKey(plain);
  } catch {
    return undefined;
  }
}
