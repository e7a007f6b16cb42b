import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { outputOf } from '../../clients/install/programs.ts';
import type { Machine } from './machine.ts';

/** A program that runs in a machine until it is stopped. */
export interface Service {
  /** Where all that it prints goes. */
  readonly logPath: string;
  /** Throws with the last lines of its log when it has ended. */
  check(): void;
  /** Kills it and waits until it is gone. One that has ended already is let be. */
  kill(): Promise<void>;
}

/** Starts a program in a machine; whether it is ready is another question. */
export function startService(
  machine: Machine,
  name: string,
  command: readonly string[],
  { folder, env = {} }: { readonly folder: string; readonly env?: Readonly<Record<string, string>> },
): Service {
  const logPath = `${folder}/${name}.log`;
  const pidPath = `${folder}/${name}.pid`;
  const log = openSync(logPath, 'a');
  const [program, ...args] = [...machine.enter, 'sh', '-c', 'echo $$ > "$0"; exec "$@"', pidPath, ...command];
  // A session of its own: Ctrl-C at the terminal ends the cluster in order, not its programs one by one.
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const ended = once(child, 'close');
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  return {
    logPath,
    check() {
      if (isOver()) throw new Error(`${name} ended with ${endOf(child)}:\n${lastLines(logPath)}`);
    },
    async kill() {
      // The child is nsenter; the program is its child and known by its process id in the machine.
      const pid = readFileSync(pidPath, 'utf8').trim();
      if (!isOver()) await outputOf('nsenter', [...machine.enter.slice(1), 'kill', '-KILL', pid]).catch(() => {});
      await ended;
    },
  };
}

const endOf = ({ exitCode, signalCode }: ChildProcess) => exitCode ?? signalCode;

function lastLines(path: string): string {
  return readFileSync(path, 'utf8').trim().split('\n').slice(-15).join('\n');
}
