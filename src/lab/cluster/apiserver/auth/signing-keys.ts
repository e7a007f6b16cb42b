import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock } from '#base';
import type { Store } from '#lab/store';
import { recordOf } from '../json.ts';

/** A key that signs service account tokens (RSA 2048, RS256). */
export interface SigningKey {
  /** Base64url of the SHA-256 of its public part, as kube-apiserver names it. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The keys of service account tokens: one that signs, and the one before for as long as tokens of it may be about. */
export interface SigningKeys {
  /** What new tokens are signed with. */
  current(): SigningKey;
  /** What tokens are accepted of, and what the issuer publishes: the current one first. */
  valid(): readonly SigningKey[];
  /**
   * A new key signs from now on. The one before counts for 24 hours more, and the one before that no more at once: AKS's
   * rule, by which two rotations in a row end all tokens
   * (https://learn.microsoft.com/azure/aks/use-oidc-issuer#rotate-the-oidc-key).
   */
  rotate(): Promise<void>;
}

/** The time for which a key counts after the rotation that ended it. */
const OVERLAP_MS = 24 * 60 * 60 * 1000;

const CURRENT = 'credentials/service-account-key';
const BEFORE = 'credentials/service-account-key-before';

interface RetiredKey {
  readonly key: SigningKey;
  readonly endsAtMs: number;
}

/** Reads the keys from the store, or makes and stores a first one. */
export async function openSigningKeys(store: Store, clock: Clock): Promise<SigningKeys> {
  const stored = store.get(CURRENT);
  let current = typeof stored === 'string' ? signingKey(stored) : await makeKey();
  if (typeof stored !== 'string') store.put(CURRENT, pemOf(current));
  let before = readRetired(store.get(BEFORE));
  return {
    current: () => current,
    valid: () => (before !== undefined && clock.now() < before.endsAtMs ? [current, before.key] : [current]),
    async rotate() {
      const next = await makeKey();
      const retired: RetiredKey = { key: current, endsAtMs: clock.now() + OVERLAP_MS };
      store.write([
        { key: CURRENT, value: pemOf(next) },
        { key: BEFORE, value: { keyPem: pemOf(retired.key), endsAtMs: retired.endsAtMs } },
      ]);
      before = retired;
      current = next;
    },
  };
}

async function makeKey(): Promise<SigningKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return signingKey(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
}

function signingKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { id: createHash('sha256').update(der).digest('base64url'), privateKey, publicKey };
}

function pemOf({ privateKey }: SigningKey): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function readRetired(stored: unknown): RetiredKey | undefined {
  const { keyPem, endsAtMs } = recordOf(stored);
  if (typeof keyPem !== 'string' || typeof endsAtMs !== 'number') return undefined;
  return { key: signingKey(keyPem), endsAtMs };
}
