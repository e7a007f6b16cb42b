import { spawn } from 'node:child_process';
import { finished } from 'node:stream/promises';
import type { Clock } from '#base';
import type { ExecRequest, ExecSession } from '../pod-streams.ts';
import { splitEnvironment } from './environment.ts';
import type { Machine } from './machine.ts';
import { createPipes, type Pipe } from './pipes.ts';
import type { ContainerSpec } from './runtime.ts';
import { renderExecScript } from './scripts.ts';
import { sendSignal, signalInside, signalNumber } from './signals.ts';
import { openTerminal } from './terminals.ts';

/** How long a command's output may stay open after its end (a background process can hold it), milliseconds. */
const DRAIN_MS = 1000;
/**
 * `kubectl cp` runs tar as the container's user. As user 0 it gives each file the owner that it had, and fails where that
 * owner does not exist, as in a user namespace with one id.
 */
const KEEP_OWN_FILES = { name: 'TAR_OPTIONS', value: '--no-same-owner' };
let counter = 0;

/** The container that a command runs in. */
export interface ExecPlace {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly spec: ContainerSpec;
  /** The container's own folder on disk. */
  readonly folder: string;
  /** Its devpts. */
  readonly terminals: string;
  /** Its first process. */
  readonly pid: number;
}

/** Runs a command in a running container, with its environment, working directory and rights. */
export async function startExec(place: ExecPlace, request: ExecRequest): Promise<ExecSession> {
  const { machine, spec } = place;
  const env = splitEnvironment(machine.canChangeUser ? spec.env : [KEEP_OWN_FILES, ...spec.env]);
  const script = renderExecScript({
    programs: machine.programs,
    spec,
    canChangeUser: machine.canChangeUser,
    carriers: env.carriers,
    tty: request.tty,
  });
  const namespaces = ['--target', String(place.pid), '--mount', '--uts', '--ipc', '--pid'];
  const command = [machine.programs.sh, '-c', script, 'exec', ...request.command];
  return request.tty
    ? execOnTerminal(place, namespaces, command, env.direct)
    : execOnPipes(place, [...namespaces, '--', ...command], env.direct, request);
}

async function execOnPipes(
  { machine, clock, folder }: ExecPlace,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  request: ExecRequest,
): Promise<ExecSession> {
  const { nsenter, sh } = machine.programs;
  const pipes = await createPipes(folder, `exec${(counter += 1)}`, { reads: 3, writes: 0 });
  const [out, err, code] = pipes.reads as [Pipe, Pipe, Pipe];
  // A command that opens /dev/stdin by name can do so on a pipe between two programs only: on a socket it fails, on a named
  // pipe it would wait for ever once the writer is gone. cat(1) is that other program.
  const [program, words] = request.stdin
    ? [sh, ['-c', 'cat | { "$@" 3>&-; echo $? >&3; }', 'exec', nsenter, ...command]]
    : [nsenter, [...command]];
  const child = spawn(program, words, {
    cwd: '/',
    env,
    // A session of its own: ending the group ends the command and what it started in the foreground.
    detached: true,
    stdio: [request.stdin ? 'pipe' : 'ignore', out.childFd, err.childFd, request.stdin ? code.childFd : 'ignore'],
  });
  pipes.handOver();
  const stdin = child.stdin ?? undefined;
  stdin?.on('error', () => undefined);
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(126));
    code.near.on('data', (text: Buffer) => resolve(Number.parseInt(text.toString(), 10)));
    child.once('exit', (status, signal) => resolve(signal === null ? (status ?? 126) : 128 + signalNumber(signal)));
  });
  if (!request.stdout) out.near.resume();
  if (!request.stderr) err.near.resume();
  const drained = Promise.all(
    [out, err].map(({ near }) => finished(near, { writable: false }).catch(() => undefined)),
  ).then(() => undefined);
  const exitCode = ended.then(async (status) => {
    stdin?.destroy();
    const timer = new AbortController();
    await Promise.race([drained, clock.sleep(DRAIN_MS, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    return status;
  });
  return {
    stdin,
    stdout: request.stdout ? out.near : undefined,
    stderr: request.stderr ? err.near : undefined,
    resize: () => undefined,
    exitCode,
    kill: () => {
      stdin?.destroy();
      // before it is in the container, there is only the program that leads it there
      if (child.pid !== undefined && !signalInside(child.pid, 'SIGKILL')) sendSignal(-child.pid, 'SIGKILL');
    },
  };
}

async function execOnTerminal(
  { machine, terminals, folder }: ExecPlace,
  namespaces: readonly string[],
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ExecSession> {
  const terminal = await openTerminal({
    machine,
    folder: terminals,
    scratch: folder,
    // nsenter(1) would die of the Ctrl-C that is meant for the command
    enter: [machine.programs.nsenter, ...namespaces, '--no-fork', '--'],
    command,
    env,
  });
  return {
    stdin: terminal.input,
    stdout: terminal.output,
    stderr: undefined,
    resize: terminal.resize,
    exitCode: terminal.exit.then(({ exitCode }) => exitCode),
    kill: terminal.hangUp,
  };
}
