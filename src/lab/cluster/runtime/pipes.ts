import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One real pipe. */
export interface Pipe {
  /** This process's end. */
  readonly near: Socket;
  /** The descriptor to hand to a child as its end; {@link Pipes.handOver} closes it here. */
  readonly childFd: number;
}

/** Pipes between this process and one child. */
export interface Pipes {
  readonly reads: readonly Pipe[];
  readonly writes: readonly Pipe[];
  /** Closes the child's ends here, once the child has them: only then does an end of file come through. */
  handOver(): void;
}

/**
 * Real pipes, because Node gives its children sockets: a program that opens /dev/stdout or /dev/stderr by name (nginx,
 * many shell scripts) gets ENXIO on a socket. Node cannot make a pipe, so they are named ones whose names are removed at
 * once. Mode 0666 lets a container's user reopen them through /proc/self/fd.
 */
export async function createPipes(
  folder: string,
  name: string,
  count: { readonly reads: number; readonly writes: number },
): Promise<Pipes> {
  const paths = Array.from({ length: count.reads + count.writes }, (_, index) => join(folder, `${name}.${index}`));
  if (paths.length > 0) await run('mkfifo', ['-m', '666', ...paths]);
  const open = (path: string, mine: number, childs: number): Pipe => {
    // Opened for both first, so that neither of the two next opens waits for the other end.
    const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const nearFd = openSync(path, mine | constants.O_NONBLOCK);
    const childFd = openSync(path, childs);
    closeSync(both);
    rmSync(path);
    const near = new Socket({
      fd: nearFd,
      readable: mine === constants.O_RDONLY,
      writable: mine !== constants.O_RDONLY,
    });
    near.on('error', () => undefined);
    return { near, childFd };
  };
  const reads = paths.slice(0, count.reads).map((path) => open(path, constants.O_RDONLY, constants.O_WRONLY));
  const writes = paths.slice(count.reads).map((path) => open(path, constants.O_WRONLY, constants.O_RDONLY));
  return {
    reads,
    writes,
    handOver: () => {
      for (const pipe of [...reads, ...writes]) closeSync(pipe.childFd);
    },
  };
}
