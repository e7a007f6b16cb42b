/** Where a command writes and what it knows of its surroundings. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Colours are written only with it. */
  readonly colour: boolean;
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

/** The palette of a terminal. */
export function palette(terminal: Terminal): Palette {
  return terminal.colour
    ? { title: paint('1'), faint: paint('2'), good: paint('32'), bad: paint('31'), key: paint('36') }
    : { title: plain, faint: plain, good: plain, bad: plain, key: plain };
}

/** The terminal of this process: colours when stdout is one, and NO_COLOR (no-color.org) is not set. */
export function processTerminal(): Terminal {
  const { NO_COLOR: noColour, TERM: term } = process.env;
  return {
    out: (text) => {
      process.stdout.write(text);
    },
    err: (text) => {
      process.stderr.write(text);
    },
    colour: process.stdout.isTTY === true && (noColour ?? '') === '' && term !== 'dumb',
    env: process.env,
  };
}
