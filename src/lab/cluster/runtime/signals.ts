import { constants } from 'node:os';

/** The number of a signal on this machine. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}
