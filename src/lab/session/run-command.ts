import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { KeyferryError } from '#base';
import { findProgram } from './az-choice.ts';

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Runs a command on this process's own terminal and answers its exit code, 128 plus the number for a death by signal
 * (as a shell does). Signals that this process gets are passed on: without a terminal, to all that the command has
 * started, so that a cancelled job leaves none of it. Throws `not-found` when there is no such program.
 */
export async function runCommand(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const [program = '', ...args] = command;
  // A group of its own, and with it a session; at a terminal that would take the terminal away from the command.
  const alone = ![process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  const child = spawn(program, args, { env, stdio: 'inherit', detached: alone });
  const passOn = (signal: NodeJS.Signals) => {
    if (alone) killGroup(child, signal);
    // A terminal's Ctrl-C reaches the whole foreground group by itself.
    else if (signal !== 'SIGINT') child.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, passOn);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (cause: NodeJS.ErrnoException) => {
        // A folder of the PATH that may not be read makes it EACCES instead of ENOENT.
        const missing = program.includes('/')
          ? cause.code === 'ENOENT'
          : findProgram(program, env['PATH']) === undefined;
        reject(
          new KeyferryError(missing ? 'not-found' : 'failed-precondition', `cannot run ${program}: ${cause.message}`, {
            cause,
            hint: missing
              ? `Is ${program} installed and on the PATH?`
              : `Is ${program} a program, and executable (chmod +x)?`,
          }),
        );
      });
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    for (const signal of PASSED_ON) process.off(signal, passOn);
  }
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // All of it has ended meanwhile.
  }
}
