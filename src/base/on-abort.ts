import { setMaxListeners } from 'node:events';

/**
 * Calls `listener` when `signal` aborts, until the answer is called. Node takes the eleventh listener of a signal for a
 * leak and says so on stderr; the signal that ends a process has one for each wait under way, hundreds on a busy node,
 * and each is taken off when its wait is over.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
