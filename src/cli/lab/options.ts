import { Option } from 'commander';
import { AZ_CHOICES } from '#lab/session';
import type { KnownFlags } from '../migrate/checks/check.ts';
import type { Terminal } from '../terminal.ts';

/** What the commands need of their process. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** The flags of `keyferry node`, by which it is told what of upstream's has no effect. */
  readonly nodeFlags: KnownFlags;
  /** Sets the exit code of the process. */
  exit(code: number): void;
}

/** How a command prints what it answers. */
export type Output = 'text' | 'json';

/** `--state`: which lab. */
export const stateOption = () =>
  new Option('--state <dir>', 'the folder of the lab (default: $KEYFERRY_STATE, else $XDG_STATE_HOME/keyferry/lab)');

/** `--output`, for a person or for a script. */
export const outputOption = () =>
  new Option('--output <format>', 'how to print it').choices(['text', 'json']).default('text');

/** `--ephemeral`: a lab that leaves nothing. */
export const ephemeralOption = () =>
  new Option('--ephemeral', 'keep everything in memory, and nothing when the lab ends').default(false);

/** `--allow-internet`: a gateway that also leads outside. */
export const internetOption = () =>
  new Option('--allow-internet', 'let the gateway pass other hosts through').default(false);

/** `--az`: which az a command finds. */
export const azOption = () =>
  new Option('--az <which>', 'which az: the one on the PATH, the stand-in, or the first where there is one')
    .choices(AZ_CHOICES)
    .default('auto');

/** `--keep-home`: HOME is not the lab's. */
export const keepHomeOption = () => new Option('--keep-home', 'leave HOME as it is').default(false);

/** What `--output json` prints. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
