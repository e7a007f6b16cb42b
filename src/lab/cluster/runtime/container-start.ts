import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { ContainerEnds } from './container-streams.ts';
import type { Machine } from './machine.ts';
import { createPipes, type Pipe } from './pipes.ts';
import { signalNumber } from './signals.ts';
import { openTerminal } from './terminals.ts';
import { readFile } from 'node:fs/promises';

/** The program that becomes a container, and what it is given. */
export interface ContainerStart {
  /** The container's own folder on disk. */
  readonly folder: string;
  readonly command: readonly [program: string, ...words: string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Whether stdin is kept open; otherwise it is /dev/null. */
  readonly stdin: boolean;
}

/** That program, running. Its descriptors 1 and 2 go to `status`, 4 and 5 are the container's outputs. */
export interface StartedContainer {
  /** The process whose child is the container's first one. */
  launcher(): Promise<number | undefined>;
  readonly ends: Omit<ContainerEnds, 'stdinOnce'>;
  readonly status: Readable;
  /** To be called when the launch script has spoken: until then the far ends of what it inherits may be kept open here. */
  handOver(): void;
  /** Never rejects. */
  readonly ended: Promise<{ readonly exitCode: number; readonly signal: number | undefined }>;
}

/** Starts it with a pipe for each stream. */
export async function startOnPipes({ folder, command, env, stdin }: ContainerStart): Promise<StartedContainer> {
  const pipes = await createPipes(folder, 'pipe', { reads: 3, writes: stdin ? 1 : 0 });
  const [out, err, status] = pipes.reads as [Pipe, Pipe, Pipe];
  const input = pipes.writes[0];
  const nothing = openSync('/dev/null', 'r');
  const [program, ...words] = command;
  const child = spawn(program, words, {
    cwd: '/',
    env,
    detached: true,
    stdio: [input?.childFd ?? nothing, status.childFd, status.childFd, 'ignore', out.childFd, err.childFd],
  });
  pipes.handOver();
  closeSync(nothing);
  return {
    launcher: () => Promise.resolve(child.pid),
    ends: { stdout: out.near, stderr: err.near, stdin: input?.near, resize: () => undefined },
    status: status.near,
    handOver: () => undefined,
    ended: new Promise((resolve) => {
      child.once('error', () => resolve({ exitCode: 128, signal: undefined }));
      child.once('exit', (code, name) => {
        const signal = name === null ? undefined : signalNumber(name);
        resolve({ exitCode: signal === undefined ? (code ?? 128) : 128 + signal, signal });
      });
    }),
  };
}

/** Starts it on a terminal of the container. */
export async function startOnTerminal(
  input: ContainerStart & { readonly machine: Machine; readonly terminals: string },
): Promise<StartedContainer> {
  const { machine, folder, terminals } = input;
  const pipes = await createPipes(folder, 'pipe', { reads: 1, writes: 0 });
  const status = pipes.reads[0] as Pipe;
  // A terminal's process inherits the terminal only. The pipe has no name any more, but this process's /proc shows it.
  const redirect = `exec 3>&- 4>&1 5>&2 >/proc/${process.pid}/fd/${status.childFd} 2>&1`;
  const terminal = await openTerminal({
    machine,
    folder: terminals,
    scratch: folder,
    command: [machine.programs.sh, '-c', `${redirect}\nexec "$@"`, 'start', ...input.command],
    env: input.env,
  });
  let isHandedOver = false;
  const handOver = (): void => {
    if (!isHandedOver) pipes.handOver();
    isHandedOver = true;
  };
  const ended = terminal.exit.then((end) => {
    handOver();
    return end;
  });
  return {
    launcher: () => firstChild(terminal.pid),
    ends: {
      stdout: terminal.output,
      stderr: undefined,
      stdin: input.stdin ? terminal.input : undefined,
      resize: terminal.resize,
    },
    status: status.near,
    handOver,
    ended,
  };
}

/** The first process that another one has started; undefined when there is none. */
export async function firstChild(parent: number | undefined): Promise<number | undefined> {
  if (parent === undefined) return undefined;
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isNaN(pid) ? undefined : pid;
}
