import { linkSignals, type Clock } from '#base';
import type { MetFault } from './fault-table.ts';

/** What is to be done with a request after its fault: answer it really, refuse it in the service's words, cut its connection, or nothing, as its client has gone. */
export type FaultOutcome =
  | { readonly kind: 'answer' }
  | { readonly kind: 'refuse'; readonly status: number; readonly retryAfterSeconds: number | undefined }
  | { readonly kind: 'cut' }
  | { readonly kind: 'gone' };

/**
 * Waits as long as a fault makes a request wait, at most until the fault is over: who waited then gets the real answer, as
 * behind a network that works again. `gone` aborts when the client gives up.
 */
export async function awaitFault(
  { effect, over }: MetFault,
  { clock, gone }: { readonly clock: Clock; readonly gone: AbortSignal },
): Promise<FaultOutcome> {
  if (effect.kind === 'reset') return { kind: 'cut' };
  if (effect.kind === 'status') {
    return { kind: 'refuse', status: effect.status, retryAfterSeconds: effect.retryAfterSeconds };
  }
  const ends = linkSignals(over, gone);
  try {
    if (effect.kind === 'latency') await clock.sleep(effect.delayMs, { signal: ends.signal }).catch(() => undefined);
    else await aborted(ends.signal);
  } finally {
    ends[Symbol.dispose]();
  }
  return { kind: gone.aborted ? 'gone' : 'answer' };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
