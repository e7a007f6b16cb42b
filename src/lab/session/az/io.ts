import type { Clock, Random } from '#base';

/**
 * All that the stand-in knows of the process that runs it. `keyferry az` fills it from the process, the demo from
 * memory; nothing in this folder touches the process itself.
 */
export interface AzIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether output goes to a terminal: colours, the progress line. */
  readonly isTty: boolean;
  /** Reads all of standard input, for `@-`. */
  readStdin(): Promise<string>;
  /** Asks a question on the terminal and answers the line typed. Without it, az behaves as without a terminal. */
  readonly ask?: (question: string) => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** The home directory of the command: `HOME`, else `/`. */
export function homeOf(env: AzIo['env']): string {
  return env['HOME'] || '/';
}
