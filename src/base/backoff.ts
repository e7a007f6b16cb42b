import type { Random } from './random.ts';

/** How the pauses between tries grow. */
export interface BackoffOptions {
  /** The first pause, milliseconds. */
  readonly initialMs: number;
  /** No pause is longer, milliseconds. */
  readonly maxMs: number;
  /** Each pause is this times the one before. Default 2. */
  readonly factor?: number;
  /** Share of the pause that is random, 0 to 1. Default 0: exact pauses. */
  readonly jitter?: number;
}

/** The pause before try number `failures + 1`, in milliseconds; `failures` counts from 1. */
export function backoffMs(options: BackoffOptions, failures: number, random: Random): number {
  const { initialMs, maxMs, factor = 2, jitter = 0 } = options;
  const full = Math.min(maxMs, initialMs * factor ** Math.max(0, Math.min(failures - 1, 64)));
  return full * (1 - jitter) + full * jitter * random.fraction();
}
