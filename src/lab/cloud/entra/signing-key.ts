import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { Store } from '#lab/store';

/** The key that signs the tenant's tokens. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The entry of the tenant's JWKS. */
  readonly jwk: Readonly<Record<string, string>>;
}

const KEY = 'entra/signing-key';
const keptSchema = z.object({ pkcs8Pem: z.string() });
const generate = promisify(generateKeyPair);

/**
 * The tenant's RSA-2048 key, made off the event loop when the store has none. It is kept: tokens in the caches of clients
 * (az keeps them on disk) go on being good after a restart.
 */
export async function openSigningKey(store: Store): Promise<SigningKey> {
  const kept = store.get(KEY);
  if (kept !== undefined) return signingKey(createPrivateKey(keptSchema.parse(kept).pkcs8Pem));
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  store.put(KEY, { pkcs8Pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
  return signingKey(privateKey);
}

function signingKey(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  // Entra's ids are SHA-1 thumbprints of certificates: 27 letters. There is no certificate here, the public key stands in.
  const kid = createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  return { kid, privateKey, publicKey, jwk: { kty: 'RSA', use: 'sig', alg: 'RS256', kid, x5t: kid, n, e } };
}
