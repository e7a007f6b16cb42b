import { execFile, execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { PassThrough, Writable, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { spawn } from '@lydell/node-pty';
import type { Machine, Programs } from './machine.ts';

const run = promisify(execFile);

/** The options of every container's devpts: its own terminals, numbered from 0. */
export const TERMINAL_OPTIONS = 'newinstance,ptmxmode=0666,mode=0620,nosuid,noexec';
/** What TERM is when the container's environment does not say. */
const DEFAULT_TERM = 'xterm';
/**
 * How much may wait for a slow reader before the process is held back. The kernel drops what it still holds when the process
 * ends, at most some 64 KiB: so a terminal is read ahead of its reader, as a person's backlog is.
 */
const BACKLOG_BYTES = 1024 * 1024;

/** A process on a terminal, seen from the side where a person sits. */
export interface Terminal {
  readonly pid: number;
  readonly input: Writable;
  /** Everything that is shown. It is not read faster than its reader reads. */
  readonly output: Readable;
  resize(size: { readonly width: number; readonly height: number }): void;
  /** Closes the terminal: what runs in its foreground gets SIGHUP. */
  hangUp(): void;
  /** Resolves after the last byte of the output. */
  readonly exit: Promise<{ readonly exitCode: number; readonly signal: number | undefined }>;
}

/** Makes a container's terminals: a devpts at `folder`, which the container shows as its /dev/pts. */
export async function mountTerminals({ mount }: Pick<Programs, 'mount'>, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await run(mount, ['-t', 'devpts', '-o', TERMINAL_OPTIONS, 'devpts', folder]);
}

/** Takes the mount of {@link mountTerminals} away. */
export async function unmountTerminals({ umount }: Pick<Programs, 'umount'>, folder: string): Promise<void> {
  await run(umount, ['-l', folder]);
}

/**
 * Starts a program on a new terminal of a container. A terminal that is one of the machine's own would work too, but its name
 * is not in the container's /dev: `tty` would say "not a tty" there. The C library opens terminals at /dev only, so the
 * container's devpts is bound there for the moment of the start. All of that is one synchronous step, hence nothing else in
 * this process can open a terminal in between, and this process's mounts are nobody else's.
 */
export function openTerminal(input: {
  readonly machine: Machine;
  /** Where {@link mountTerminals} has mounted. */
  readonly folder: string;
  readonly command: readonly [program: string, ...words: string[]];
  readonly env: Readonly<Record<string, string>>;
}): Terminal {
  const { mount, umount } = input.machine.programs;
  const [program, ...words] = input.command;
  execFileSync(mount, ['--bind', input.folder, '/dev/pts'], { stdio: 'ignore' });
  let terminal: ReturnType<typeof spawn>;
  try {
    terminal = spawn(program, words, {
      name: input.env['TERM'] ?? DEFAULT_TERM,
      cwd: '/',
      env: { ...input.env },
      // bytes, not text: a character may be cut in two, and not everything is text
      encoding: null,
    });
  } finally {
    // lazily, because the new terminal is open by way of this mount
    execFileSync(umount, ['-l', '/dev/pts'], { stdio: 'ignore' });
  }
  let isOver = false;
  const output = new PassThrough({ highWaterMark: BACKLOG_BYTES });
  terminal.onData((chunk) => {
    // node-pty's types know text only
    if (!output.write(chunk as unknown as Buffer)) terminal.pause();
  });
  output.on('drain', () => terminal.resume());
  return {
    pid: terminal.pid,
    output,
    input: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        terminal.write(chunk as unknown as string);
        done();
      },
    }),
    resize: ({ width, height }) => {
      if (width > 0 && height > 0 && !isOver) terminal.resize(width, height);
    },
    hangUp: () => {
      output.resume();
      terminal.kill('SIGHUP');
    },
    exit: new Promise((resolve) => {
      terminal.onExit(({ exitCode, signal: number }) => {
        isOver = true;
        output.end();
        const signal = number === undefined || number === 0 ? undefined : number;
        resolve({ exitCode: signal === undefined ? exitCode : 128 + signal, signal });
      });
    }),
  };
}
