import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock, Random } from '#base';
import { createCertificateAuthority, openCertificateAuthority, type CertificateAuthority } from '#crypto';
import type { Store } from '#lab/store';
import { recordOf } from '../json.ts';

/** What makes the cluster the same cluster after a restart. */
export interface ClusterCredentials {
  /** Signs the server's certificate and the clients'. */
  readonly ca: CertificateAuthority;
  /** Signs service account tokens (RSA 2048, RS256). */
  readonly signingKey: KeyObject;
  readonly verifyingKey: KeyObject;
  /** The key's id: base64url of the SHA-256 of its public part, as kube-apiserver names it. */
  readonly keyId: string;
}

const CA_KEY = 'credentials/ca';
const SIGNING_KEY = 'credentials/service-account-key';

/** Reads the cluster's keys from the store, or makes and stores them. */
export async function loadClusterCredentials(
  store: Store,
  options: { readonly clock: Clock; readonly random: Random },
): Promise<ClusterCredentials> {
  const [ca, signingKey] = await Promise.all([loadCa(store, options), loadSigningKey(store)]);
  const verifyingKey = createPublicKey(signingKey);
  const der = verifyingKey.export({ type: 'spki', format: 'der' });
  return { ca, signingKey, verifyingKey, keyId: createHash('sha256').update(der).digest('base64url') };
}

async function loadCa(
  store: Store,
  options: { readonly clock: Clock; readonly random: Random },
): Promise<CertificateAuthority> {
  const { keyPem, certPem } = recordOf(store.get(CA_KEY));
  if (typeof keyPem === 'string' && typeof certPem === 'string') {
    return openCertificateAuthority({ keyPem, certPem }, options);
  }
  const ca = await createCertificateAuthority('kubernetes', options);
  store.put(CA_KEY, { ...ca.pair });
  return ca;
}

async function loadSigningKey(store: Store): Promise<KeyObject> {
  const stored = store.get(SIGNING_KEY);
  if (typeof stored === 'string') return createPrivateKey(stored);
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  store.put(SIGNING_KEY, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  return privateKey;
}
