import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** The only source of randomness. Handed in. */
export interface Random {
  /** `count` bytes, fit for keys and nonces. */
  bytes(count: number): Buffer;
  /** A version 4 UUID in lower case. */
  uuid(): string;
  /** A number in [0, 1). */
  fraction(): number;
}

/** The machine's cryptographic random source. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
  fraction: () => randomInt(2 ** 32) / 2 ** 32,
};

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** A short random name part as Kubernetes appends it to a generateName: no vowels, no look-alikes. */
export function nameSuffix(random: Random, length = 5): string {
  return Array.from(random.bytes(length), (byte) => SUFFIX_LETTERS.charAt(byte % SUFFIX_LETTERS.length)).join('');
}
