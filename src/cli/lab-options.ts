import { Option } from 'commander';

/** How a command prints what it answers. */
export type Output = 'text' | 'json';

/** `--state`: which lab. */
export const stateOption = () =>
  new Option('--state <dir>', 'the folder of the lab (default: $KEYFERRY_STATE, else $XDG_STATE_HOME/keyferry/lab)');

/** `--output`, for a person or for a script. */
export const outputOption = () =>
  new Option('--output <format>', 'how to print it').choices(['text', 'json']).default('text');

/** What `--output json` prints. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
