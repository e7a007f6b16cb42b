import { createPrivateKey, type KeyObject } from 'node:crypto';
import { KeyferryError } from '#base';

const FORMS = ['pkcs8', 'pkcs1', 'sec1'] as const;

/** A private key from DER, in whichever form it is: PKCS#8, PKCS#1 (RSA) or SEC 1 (EC). Throws `failed-precondition` in upstream's words. */
export function readPrivateKey(der: Uint8Array): KeyObject {
  const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  for (const type of FORMS) {
    try {
      return createPrivateKey({ key, format: 'der', type });
    } catch {
      // another form
    }
  }
  throw new KeyferryError('failed-precondition', 'failed to parse key for type pkcs1, pkcs8 or ec');
}
