import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's space for new objects at its first size, 2 MiB, where it would grow to 32 under load and stay so: on a node that
 * is a third of the process's memory for garbage that waits to be collected. The flag is read whenever that space is about to
 * grow, so it may be set while the process runs. Measured with 400 publishes: 84 MiB resident instead of 98, at equal
 * processor time.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
