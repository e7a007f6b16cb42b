import { systemClock, systemRandom } from '#base';
import { captureAz, type AzResult } from '../capture.ts';
import type { AzIo } from '../io.ts';

/** Runs a command line in this process, in an empty environment unless `io` has one, and collects what it prints. */
export function az(command: string | readonly string[], io: Partial<AzIo> = {}): Promise<AzResult> {
  return captureAz(command, { env: {}, clock: systemClock, random: systemRandom, ...io });
}
