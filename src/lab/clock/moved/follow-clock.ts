import { watch } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { readClockFile, writeTaken } from '../clock-file.ts';
import { moveDate } from './date.ts';
import { moveMonotonic } from './monotonic.ts';
import { replaceTimerPromises } from './timer-promises.ts';
import { registerTimers } from './timers.ts';

/** How often the file is looked at where the machine has no watch left (fs.inotify.max_user_instances). */
const LOOK_MS = 200;

/**
 * Moves the time of this whole process along with a lab's clock, by what the file at `path` says now and whenever it
 * changes. To be called before anything else runs. To the program it is as if the machine had been suspended for a while:
 * nothing but the time is other than without it, and the process ends as it would have ended.
 */
export function followClock(path: string): void {
  let offsetMs = readClockFile(path)?.wantedMs ?? 0;
  // Node's own, from before it is replaced: looking at the file is not part of the lab's time.
  const { setInterval: look } = globalThis;
  moveDate(() => offsetMs);
  moveMonotonic(() => offsetMs);
  const timers = registerTimers();
  replaceTimerPromises();
  // For those who import these functions by name.
  syncBuiltinESMExports();

  const take = () => {
    try {
      const { wantedMs = 0, takenMs } = readClockFile(path) ?? {};
      const byMs = wantedMs - offsetMs;
      if (byMs > 0) {
        offsetMs = wantedMs;
        timers.advance(byMs);
      }
      // Written only where it says something else: each change calls this again.
      if (takenMs !== offsetMs) writeTaken(path, offsetMs);
    } catch {
      // A lab that ends takes its files along, and the process goes on until it is told to end.
    }
  };
  const fallBack = () => look(take, LOOK_MS).unref();
  try {
    const watcher = watch(path, { persistent: false }, take);
    watcher.on('error', fallBack);
  } catch {
    fallBack();
  }
  take();
}
