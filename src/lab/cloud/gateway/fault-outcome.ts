import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#base';
import { awaitFault, type FaultOutcome, type MetFault } from '#lab/faults';

/** Makes an exchange wait as its fault says, and tells what is to become of it. */
export async function sufferFault(
  fault: MetFault,
  {
    message,
    target,
    clock,
  }: { readonly message: IncomingMessage; readonly target: ServerResponse; readonly clock: Clock },
): Promise<FaultOutcome> {
  const gone = new AbortController();
  const onClose = () => gone.abort();
  target.once('close', onClose);
  // A server that does not answer does not hang up either; the next request has its limit again.
  message.socket.setTimeout(0);
  try {
    return await awaitFault(fault, { clock, gone: gone.signal });
  } finally {
    target.off('close', onClose);
  }
}
