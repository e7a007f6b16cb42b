import type { AzIo } from './io.ts';
import { runAz } from './run.ts';

/** What a command line printed and ended with. */
export interface AzResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What {@link captureAz} is told; the rest of {@link AzIo} is that of a script: no terminal, nothing on standard input. */
export type CaptureIo = Pick<AzIo, 'env' | 'clock' | 'random'> & Partial<AzIo>;

/**
 * Runs a command line of the stand-in without its own process and collects what it prints. `command` is the words after
 * `az`, or one text of words with spaces between them, in which quotes, single or double, keep spaces.
 */
export async function captureAz(command: string | readonly string[], io: CaptureIo): Promise<AzResult> {
  let stdout = '';
  let stderr = '';
  const code = await runAz(typeof command === 'string' ? splitWords(command) : command, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    isTty: false,
    readStdin: () => Promise.resolve(''),
    signal: new AbortController().signal,
    ...io,
  });
  return { code, stdout, stderr };
}

/** The words of a command line, at its spaces; quotes, single or double, keep spaces and are dropped. */
export function splitWords(command: string): string[] {
  return [...command.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );
}
