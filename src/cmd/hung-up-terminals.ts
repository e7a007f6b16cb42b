import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STANDARD_STREAMS = [0, 1, 2] as const;

/**
 * Keeps the exit code of a process whose terminal was closed: at its end Node gives terminals their modes back, and aborts
 * where that fails with EIO (ResetStdio in its src/node.cc), but passes over descriptors that were closed.
 */
export function leaveHungUpTerminals(): void {
  const terminals = STANDARD_STREAMS.filter((descriptor) => isatty(descriptor));
  process.once('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}
