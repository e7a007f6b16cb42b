import { createHash } from 'node:crypto';
import type { Random } from '../random.ts';

/** A random source that gives the same sequence for the same seed. */
export function createFakeRandom(seed = 'keyferry'): Random {
  let counter = 0;
  const block = () =>
    createHash('sha256')
      .update(`${seed}:${(counter += 1)}`)
      .digest();
  return {
    bytes: (count) => Buffer.concat(Array.from({ length: Math.ceil(count / 32) }, block)).subarray(0, count),
    uuid: () => {
      const hex = block().toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
    },
    fraction: () => block().readUInt32BE(0) / 2 ** 32,
  };
}
