import { execFile, execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { PassThrough, Writable, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { spawn } from '@lydell/node-pty';
import { createMarkFilter } from './end-mark.ts';
import type { Machine, Programs } from './machine.ts';
import { createPipes, type Pipe } from './pipes.ts';
import { signalInside } from './signals.ts';

const run = promisify(execFile);

/** The options of every container's devpts: its own terminals, numbered from 0. */
export const TERMINAL_OPTIONS = 'newinstance,ptmxmode=0666,mode=0620,nosuid,noexec';
/** What TERM is when the container's environment does not say. */
const DEFAULT_TERM = 'xterm';
/** How much may wait for a slow reader before the process is held back. */
const BACKLOG_BYTES = 64 * 1024;
/**
 * The first process of a terminal. When it ends, the kernel hangs the terminal up and drops what nobody has read yet
 * (tty_ldisc_hangup); and once no process has the terminal open, libuv takes the next short read for the last one
 * (uv__stream_io). So this one stays until a mark that it writes after the command's output has been read. The terminal's
 * signals reach all of its foreground: the command is to have them, the one that waits is not to die of them. A handler is
 * not passed on to the command, ignoring would be. On its descriptor 3 the command can tell something before it is under way.
 */
const leaderScript = (mark: string) =>
  [
    'trap : INT QUIT',
    '"$@" 3>&8 8>&- 9<&-',
    'set -- "$?"',
    `printf '${mark}'`,
    `printf '%s\\n' "$1" >&8`,
    'read -r _ <&9',
  ].join('\n');
let counter = 0;

/** A process on a terminal, seen from the side where a person sits. */
export interface Terminal {
  readonly pid: number;
  readonly input: Writable;
  /** Everything that is shown. It is not read faster than its reader reads. */
  readonly output: Readable;
  resize(size: { readonly width: number; readonly height: number }): void;
  /** Closes the terminal for the person: what was started on it gets SIGHUP. */
  hangUp(): void;
  /** Resolves after the last byte of the output. */
  readonly exit: Promise<TerminalExit>;
}

/** How a terminal's command ended; the signal only where the terminal was hung up under it. */
export interface TerminalExit {
  readonly exitCode: number;
  readonly signal: number | undefined;
  /** What it has written to its descriptor 3. */
  readonly report: string;
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
export async function openTerminal(input: {
  readonly machine: Machine;
  /** Where {@link mountTerminals} has mounted. */
  readonly folder: string;
  /** A folder on disk, for the names of pipes. */
  readonly scratch: string;
  /** The words before the shell that waits for the command: they may put it into other namespaces, and must not fork. */
  readonly enter?: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}): Promise<Terminal> {
  const { machine, folder } = input;
  const { sh } = machine.programs;
  const number = String((counter += 1));
  const pipes = await createPipes(input.scratch, `terminal${number}`, { reads: 1, writes: 1 });
  const [report, release] = [pipes.reads[0], pipes.writes[0]] as [Pipe, Pipe];
  // A terminal's process inherits the terminal only. The pipes have no names any more, but this process's /proc shows them.
  const inherit = `exec 8>/proc/${process.pid}/fd/${report.childFd} 9</proc/${process.pid}/fd/${release.childFd}`;
  const leader = [...(input.enter ?? []), sh, '-c', leaderScript(`\\000\\036${number}\\036\\000`), 'leader'];
  const terminal = spawnOn(
    machine.programs,
    folder,
    [sh, '-c', `${inherit}\nexec "$@"`, 'start', ...leader, ...input.command],
    input.env,
  );
  const output = new PassThrough({ highWaterMark: BACKLOG_BYTES });
  const filter = createMarkFilter(Buffer.from(`\x00\x1e${number}\x1e\x00`));
  let isOpen = true;
  let isRead: () => void = () => undefined;
  const allRead = new Promise<void>((resolve) => {
    isRead = resolve;
  });
  terminal.onData((chunk) => {
    // node-pty's types know text only
    const { content, found } = filter.take(chunk as unknown as Buffer);
    if (found) isRead();
    if (content.length > 0 && !output.write(content)) terminal.pause();
  });
  output.on('drain', () => terminal.resume());
  let told = '';
  const left = new Promise<Omit<TerminalExit, 'report'>>((resolve) => {
    terminal.onExit(({ exitCode, signal: number }) => {
      const signal = number === undefined || number === 0 ? undefined : number;
      resolve({ exitCode: signal === undefined ? exitCode : 128 + signal, signal });
    });
  });
  const reported = new Promise<Omit<TerminalExit, 'report'>>((resolve) => {
    report.near.on('data', (text: Buffer) => {
      told += text.toString();
      const code = /^(\d+)\n/m.exec(told)?.[1];
      if (code !== undefined) resolve({ exitCode: Number(code), signal: undefined });
    });
  });
  const exit = (async (): Promise<TerminalExit> => {
    const end = await Promise.race([reported, left]);
    await Promise.race([allRead, left]);
    release.near.destroy();
    await left;
    pipes.handOver();
    report.near.destroy();
    isOpen = false;
    output.end(filter.rest());
    return { ...end, report: told };
  })();
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
      if (width > 0 && height > 0 && isOpen) terminal.resize(width, height);
    },
    hangUp: () => {
      output.resume();
      if (!signalInside(terminal.pid, 'SIGHUP')) terminal.kill('SIGHUP');
    },
    exit,
  };
}

function spawnOn(
  { mount, umount }: Programs,
  folder: string,
  [program, ...words]: readonly [program: string, ...words: string[]],
  env: Readonly<Record<string, string>>,
): ReturnType<typeof spawn> {
  execFileSync(mount, ['--bind', folder, '/dev/pts'], { stdio: 'ignore' });
  try {
    return spawn(program, words, {
      name: env['TERM'] ?? DEFAULT_TERM,
      cwd: '/',
      env: { ...env },
      // bytes, not text: a character may be cut in two, and not everything is text
      encoding: null,
    });
  } finally {
    // lazily, because the new terminal is open by way of this mount
    execFileSync(umount, ['-l', '/dev/pts'], { stdio: 'ignore' });
  }
}
