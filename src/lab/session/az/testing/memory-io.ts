import { systemClock, systemRandom } from '#base';
import { runAz } from '../run.ts';
import type { AzIo } from '../io.ts';

/** What a command line printed and ended with. */
export interface AzResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process and collects what it prints. */
export async function az(argv: readonly string[], io: Partial<AzIo> = {}): Promise<AzResult> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runAz(argv, {
    env: {},
    stdout: (text) => out.push(text),
    stderr: (text) => err.push(text),
    isTty: false,
    readStdin: () => Promise.resolve(''),
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    ...io,
  });
  return { code, stdout: out.join(''), stderr: err.join('') };
}
