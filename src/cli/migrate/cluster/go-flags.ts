/** A flag as somebody wrote it: its name without dashes, and its value; `true` where it has none. */
export type GivenFlags = ReadonlyMap<string, string>;

/** A word on a command line that begins a flag of a Go program. */
const FLAG = /^--?([A-Za-z][-_.A-Za-z0-9]*)(?:=(.*))?$/s;

/**
 * The flags on a Go program's command line, as the flag package takes them: one dash or two, a value after `=` or as the
 * next word. Which flags are booleans is not known here, so that a word that begins no flag is the value of the flag before it.
 * What stands before the first flag (the program, a subcommand) is left out. The last of two equal flags counts.
 */
export function readGivenFlags(words: readonly string[]): GivenFlags {
  const flags = new Map<string, string>();
  let waiting: string | undefined;
  for (const word of words) {
    const match = FLAG.exec(word);
    if (match === null) {
      if (waiting !== undefined) flags.set(waiting, word);
      waiting = undefined;
      continue;
    }
    const [, name = '', value] = match;
    flags.set(name, value ?? 'true');
    waiting = value === undefined ? name : undefined;
  }
  return flags;
}

/** Whether a boolean flag is on. */
export function isOn(flags: GivenFlags, name: string): boolean {
  return isTrue(flags.get(name) ?? '');
}

/** Whether a text is one of the words that Go takes for true. */
export function isTrue(text: string): boolean {
  return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text);
}
