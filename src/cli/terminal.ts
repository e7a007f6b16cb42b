import { READER_GONE } from './exit-codes.ts';

/** Where a command writes and what it knows of its surroundings. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Colours are written to `out` only with it. */
  readonly colour: boolean;
  /** The same for `err`. */
  readonly errColour: boolean;
  /** Somebody watches what `err` writes: lines that come and go may be shown there. */
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours that say something: each is plain text without colours. */
export interface Palette {
  title(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  key(text: string): string;
}

const paint = (code: string) => (text: string) => `\u001B[${code}m${text}\u001B[0m`;
const plain = (text: string) => text;

/** The palette of what is written to `out`, or to `err`. */
export function palette(terminal: Pick<Terminal, 'colour' | 'errColour'>, stream: 'out' | 'err' = 'out'): Palette {
  return (stream === 'out' ? terminal.colour : terminal.errColour)
    ? { title: paint('1'), faint: paint('2'), good: paint('32'), bad: paint('31'), key: paint('36') }
    : { title: plain, faint: plain, good: plain, bad: plain, key: plain };
}

/**
 * Whether a stream gets colours: FORCE_COLOR says yes (no when it is 0 or false; force-color.org), then NO_COLOR says no
 * (no-color.org), then a terminal that is not dumb gets them.
 */
export function wantsColour(env: Terminal['env'], isTerminal: boolean): boolean {
  const { FORCE_COLOR: force = '', NO_COLOR: none = '', TERM: term } = env;
  if (force !== '') return force !== '0' && force !== 'false';
  return isTerminal && none === '' && term !== 'dumb';
}

/**
 * The terminal of this process. When nobody reads any more (a closed pipe or terminal), or what it writes to is full, the
 * command ends as after SIGHUP.
 */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const readerGone = error.code === 'EPIPE' || error.code === 'EIO';
      // Said where it still may be read; that this fails too is no news.
      if (!readerGone && stream === process.stdout) {
        process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
      }
      // Whoever listens has something to end first.
      if (!process.emit('SIGHUP', 'SIGHUP')) process.exit(readerGone ? READER_GONE : 1);
    });
  }
  return {
    out: (text) => {
      process.stdout.write(text);
    },
    err: (text) => {
      process.stderr.write(text);
    },
    colour: wantsColour(process.env, process.stdout.isTTY === true),
    errColour: wantsColour(process.env, process.stderr.isTTY === true),
    interactive: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    env: process.env,
  };
}
