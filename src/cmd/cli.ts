import { processTerminal, runProgram } from '#cli';

/** `keyferry …`: everything that is not a process of its own. */
export function main(argv: readonly string[]): Promise<number> {
  return runProgram(argv, processTerminal());
}
