import { processTerminal, runProgram } from '#cli';
import { leaveHungUpTerminals } from './hung-up-terminals.ts';

/** `keyferry …`: everything that is not a process of its own. */
export function main(argv: readonly string[]): Promise<number> {
  leaveHungUpTerminals();
  return runProgram(argv, processTerminal());
}
