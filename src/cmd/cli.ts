import { processTerminal, runProgram } from '#cli';
import { leaveHungUpTerminals } from './hung-up-terminals.ts';
import { NODE_FLAGS } from './node-flags.ts';

/** `keyferry …`: everything that is not a process of its own. */
export function main(argv: readonly string[]): Promise<number> {
  leaveHungUpTerminals();
  return runProgram(argv, processTerminal(), NODE_FLAGS);
}
