import { parseArgs } from 'node:util';
import { parseDuration } from '#base';
import { KUBERNETES_RELEASES } from './kubernetes.ts';
import { parseVersion } from './programs.ts';
import type { SetUpOptions } from './set-up.ts';

/** What the command line asks for. */
export interface RunOptions extends Omit<SetUpOptions, 'signal'> {
  /** Measure rather than test. */
  readonly figures: boolean;
  /** Names of test files. */
  readonly words: readonly string[];
}

/** Reads `--version 1.34` (again for more; all without it), `--within 15m`, `--figures`, and names of test files. */
export function readOptions(args?: readonly string[]): RunOptions {
  const { values, positionals } = parseArgs({
    ...(args === undefined ? {} : { args: [...args] }),
    allowPositionals: true,
    options: {
      version: { type: 'string', multiple: true, default: Object.keys(KUBERNETES_RELEASES) },
      figures: { type: 'boolean', default: false },
      within: { type: 'string', default: '1h' },
    },
  });
  const withinMs = parseDuration(values.within);
  if (withinMs === undefined) throw new Error(`--within ${values.within}: a duration like 15m or 90s is needed`);
  return { versions: values.version.map(parseVersion), withinMs, figures: values.figures, words: positionals };
}

/** A signal that aborts with Ctrl-C or SIGTERM; the process then ends with the exit code of a program that they ended. */
export function signalOfProcess(): AbortSignal {
  const stop = new AbortController();
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      process.exitCode = exitCode;
      stop.abort();
    });
  }
  return stop.signal;
}
