import { constants } from 'node:os';
import { ERROR_CODES } from '#base';
import type { EndSignal } from './interruption.ts';

/** Exit codes of `keyferry`, and what each means; docs/lab.md has the same table. */
export const EXIT_CODES = {
  0: 'done',
  1: 'it failed: the message says why, and what to do',
  2: 'the command line or another input is wrong',
  3: 'what was asked for is not there: a running lab, a pod, a cluster',
  4: '`migrate check`: something has to be mended first',
  70: 'a bug in keyferry',
  126: '`lab run`: the command is there and cannot be run',
  127: '`lab run`: there is no such command',
  129: 'ended by a closed terminal (SIGHUP)',
  130: 'ended by Ctrl-C (SIGINT)',
  141: 'nobody reads its output any more (`head` has seen enough)',
  143: 'ended by SIGTERM',
} as const satisfies Record<number, string>;

/** Of a program whose reader has gone away (128 and SIGPIPE). */
export const READER_GONE = 141 satisfies keyof typeof EXIT_CODES;

/** The exit codes that errors have, each once. */
export const ERROR_EXIT_CODES: readonly number[] = [...new Set(Object.values(ERROR_CODES).map(({ exit }) => exit))];

/** The code of a command that a signal has ended, as a shell has it. */
export function exitCodeOfSignal(signal: EndSignal): number {
  return 128 + constants.signals[signal];
}
