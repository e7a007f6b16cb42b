import { ERROR_CODES, errorText, toKeyferryError } from '#base';
import { palette, type Terminal } from './terminal.ts';
import { visibleText } from './visible.ts';

/** Tells a person what went wrong and what to do, and answers the exit code of the error's table row. */
export function reportError(error: unknown, terminal: Terminal): number {
  const known = toKeyferryError(error);
  const { bad, faint } = palette(terminal, 'err');
  terminal.err(`${bad('error:')} ${visibleText(errorText(known))}\n`);
  if (known.hint !== undefined) terminal.err(`${faint('what to do:')} ${visibleText(known.hint)}\n`);
  if (known.kind === 'bug') {
    const stack = (known.cause instanceof Error ? known.cause.stack : known.stack) ?? '';
    terminal.err(`This is a bug in keyferry.\n${visibleText(stack)}\n`);
  }
  return ERROR_CODES[known.code].exit;
}
