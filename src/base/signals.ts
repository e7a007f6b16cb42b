import type { Clock } from './clock.ts';
import { KeyferryError } from './errors.ts';
import { onAbort } from './on-abort.ts';

/** A signal that follows others until it is disposed. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
  /** Lets go of the parents. Call it when the work is over, also after a failure. */
  [Symbol.dispose](): void;
}

/**
 * A signal that aborts when any parent does. `AbortSignal.any` on a long-lived parent leaks on Node 20
 * (nodejs/node#54614 and its kin), so this one is disposed by hand.
 */
export function linkSignals(...parents: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const undo: (() => void)[] = [];
  const release = () => {
    for (const step of undo.splice(0)) step();
  };
  for (const parent of parents) {
    if (parent === undefined) continue;
    if (parent.aborted) {
      controller.abort(parent.reason);
      break;
    }
    undo.push(
      onAbort(parent, () => {
        release();
        controller.abort(parent.reason);
      }),
    );
  }
  return {
    signal: controller.signal,
    abort: (reason) => {
      release();
      controller.abort(reason);
    },
    [Symbol.dispose]: release,
  };
}

/**
 * The reason for ending a wait that nobody needs any more. Without a reason Node makes an error with a stack for each, which
 * costs as much as the rest of the wait.
 */
export const WORK_IS_OVER = new Error('the work is over');

/** What {@link withDeadline} needs to know. */
export interface DeadlineOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What was attempted, for the error text: "reading secret x". */
  readonly what: string;
}

/** Runs `work` with a signal that aborts after `timeoutMs`; then the error is `deadline-exceeded` and names what was attempted. */
export async function withDeadline<T>(options: DeadlineOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const linked = linkSignals(options.signal);
  const timer = new AbortController();
  const expired = new Promise<never>((_resolve, reject) => {
    options.clock.sleep(options.timeoutMs, { signal: timer.signal }).then(
      () => {
        const text = `${options.what}: no answer within ${options.timeoutMs} ms`;
        const deadline = new KeyferryError('deadline-exceeded', text);
        linked.abort(deadline);
        reject(deadline);
      },
      () => undefined,
    );
  });
  try {
    return await Promise.race([work(linked.signal), expired]);
  } finally {
    timer.abort(WORK_IS_OVER);
    linked[Symbol.dispose]();
  }
}
