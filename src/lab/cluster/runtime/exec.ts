import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import type { Clock } from '#base';
import { machineTime } from '#lab/clock';
import { ExecStartError, type ExecRequest, type ExecSession } from '../pod-streams.ts';
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

/**
 * Runs a command in a running container, with its environment, working directory and rights. That it cannot be started is
 * told by its exit code, which rejects with {@link ExecStartError}.
 */
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
  place: ExecPlace,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  request: ExecRequest,
): Promise<ExecSession> {
  const { nsenter, sh } = place.machine.programs;
  const pipes = await createPipes(place.folder, `exec${(counter += 1)}`, { reads: 3, writes: 0 });
  const [out, err, words] = pipes.reads as [Pipe, Pipe, Pipe];
  // A command that opens /dev/stdin by name can do so on a pipe between two programs only: on a socket it fails, on a named
  // pipe it would wait for ever once the writer is gone. cat(1) is that other program.
  const [program, args] = request.stdin
    ? [sh, ['-c', 'cat 3>&- | { "$@"; echo $? >&3; }', 'exec', nsenter, ...command]]
    : [nsenter, [...command]];
  const child = spawn(program, args, {
    cwd: '/',
    env,
    // A session of its own: ending the group ends the command and what it started in the foreground.
    detached: true,
    stdio: [request.stdin ? 'pipe' : 'ignore', out.childFd, err.childFd, words.childFd],
  });
  pipes.handOver();
  const stdin = child.stdin ?? undefined;
  stdin?.on('error', () => undefined);
  let report = '';
  let isKilled = false;
  const ended = new Promise<number>((resolve) => {
    words.near.on('data', (text: Buffer) => {
      report += text.toString();
      const code = /^(\d+)\n/m.exec(report)?.[1];
      if (code !== undefined) resolve(Number(code));
    });
    child.once('error', () => resolve(126));
    child.once('exit', (status, signal) => {
      const code = signal === null ? (status ?? 126) : 128 + signalNumber(signal);
      // its last words may still be on their way
      if (words.near.closed) resolve(code);
      else words.near.once('close', () => resolve(code));
    });
  });
  if (!request.stdout) out.near.resume();
  if (!request.stderr) err.near.resume();
  const drained = Promise.all(
    [out, err].map(({ near }) => finished(near, { writable: false }).catch(() => undefined)),
  ).then(() => undefined);
  const exitCode = ended.then(async (status) => {
    stdin?.destroy();
    const timer = new AbortController();
    await Promise.race([
      drained,
      machineTime(place.clock)
        .sleep(DRAIN_MS, { signal: timer.signal })
        .catch(() => undefined),
    ]);
    timer.abort();
    if (!isKilled) requireStart(place, report);
    return status;
  });
  // whoever has killed it may not want to know
  exitCode.catch(() => undefined);
  return {
    stdin,
    stdout: request.stdout ? out.near : undefined,
    stderr: request.stderr ? err.near : undefined,
    resize: () => undefined,
    exitCode,
    kill: () => {
      isKilled = true;
      stdin?.destroy();
      // before it is in the container, there is only the program that leads it there
      if (child.pid !== undefined && !signalInside(child.pid, 'SIGKILL')) sendSignal(-child.pid, 'SIGKILL');
    },
  };
}

async function execOnTerminal(
  place: ExecPlace,
  namespaces: readonly string[],
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ExecSession> {
  const { machine, terminals, folder } = place;
  const terminal = await openTerminal({
    machine,
    folder: terminals,
    scratch: folder,
    // nsenter(1) would die of the Ctrl-C that is meant for the command
    enter: [machine.programs.nsenter, ...namespaces, '--no-fork', '--'],
    command,
    env,
  });
  let isKilled = false;
  const exitCode = terminal.exit.then((end) => {
    if (!isKilled) requireStart(place, end.report);
    return end.exitCode;
  });
  exitCode.catch(() => undefined);
  return {
    stdin: terminal.input,
    stdout: terminal.output,
    stderr: undefined,
    resize: terminal.resize,
    exitCode,
    kill: () => {
      isKilled = true;
      terminal.hangUp();
    },
  };
}

/** Throws {@link ExecStartError}, in containerd's words, when the exec script has not come to the command. */
function requireStart({ spec }: ExecPlace, report: string): void {
  if (/^ready$/m.test(report)) return;
  const reason = /^fail \d+ (.*)$/m.exec(report)?.[1];
  const trouble =
    reason === undefined ? 'cannot exec in a stopped container' : `unable to start container process: ${reason}`;
  const id = createHash('sha256')
    .update(`${spec.id} ${(counter += 1)}`)
    .digest('hex');
  throw new ExecStartError(
    `failed to exec in container: failed to start exec "${id}": OCI runtime exec failed: exec failed: ${trouble}: unknown`,
  );
}
