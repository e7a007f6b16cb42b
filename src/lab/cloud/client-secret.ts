import { createHash } from 'node:crypto';
import { Secret, type Random } from '#base';
import type { ClientSecretDigest } from './directory.ts';

const MIDDLE = '8Q~';
const HINT_LENGTH = 3;

/** A client secret that was just made: its text, which is told once, and what is kept of it. */
export interface NewClientSecret {
  readonly text: Secret<string>;
  readonly kept: ClientSecretDigest;
}

/**
 * Makes a client secret in the form of Entra ID's: 40 letters with `8Q~` among the first. It begins with a letter or
 * digit, so that no command line takes it for an option.
 */
export function createClientSecret(
  random: Random,
  facts: Pick<ClientSecretDigest, 'displayName' | 'startsAtMs' | 'expiresAtMs'>,
): NewClientSecret {
  const start = random.bytes(3).toString('base64url').replace(/[-_]/g, 'k');
  const text = `${start}${MIDDLE}${random.bytes(25).toString('base64url')}`;
  return {
    text: new Secret(text),
    kept: { ...facts, keyId: random.uuid(), sha256: secretDigest(text), hint: text.slice(0, HINT_LENGTH) },
  };
}

/** How a client secret is kept: SHA-256 of its text, hex. */
export function secretDigest(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}
