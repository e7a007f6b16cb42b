import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#lab/session';
import { ERROR_EXIT_CODES, EXIT_CODES, exitCodeOfSignal } from './exit-codes.ts';
import { END_SIGNALS } from './interruption.ts';
import { runProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

const terminal: Terminal = {
  out: () => undefined,
  err: () => undefined,
  colour: false,
  errColour: false,
  interactive: false,
  env: { KEYFERRY_STATE: '/nowhere/keyferry' },
};

describe('the exit codes', () => {
  it('are those of the page', () => {
    const page = readFileSync(join(packageRoot(), 'docs', 'lab.md'), 'utf8');
    const rows = [...page.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, text]) => [Number(code), text]);
    expect(Object.fromEntries(rows)).toEqual(EXIT_CODES);
  });

  it('have each code that an error or a signal gives', () => {
    const told = Object.keys(EXIT_CODES).map(Number);
    expect(told).toEqual(expect.arrayContaining([...ERROR_EXIT_CODES]));
    expect(told).toEqual(expect.arrayContaining(END_SIGNALS.map(exitCodeOfSignal)));
  });

  it.each([
    ['a help', ['lab', '--help'], 0],
    ['a version', ['--version'], 0],
    ['no command', ['lab'], 2],
    ['an unknown command', ['lab', 'dwon'], 2],
    ['an unknown option', ['lab', 'status', '--no-such'], 2],
    ['a choice that there is not', ['lab', 'status', '--output', 'xml'], 2],
    ['a missing argument', ['lab', 'trace'], 2],
    ['options that do not go together', ['lab', 'up', '--detach', '--ephemeral'], 2],
    ['a lab that does not run', ['lab', 'status'], 3],
  ])('answer %s', async (_what, argv, code) => {
    expect(await runProgram(argv, terminal, {})).toBe(code);
  });
});
