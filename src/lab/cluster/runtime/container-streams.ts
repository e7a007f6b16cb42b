import { PassThrough, type Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ExecRequest, ExecSession } from '../pod-streams.ts';
import type { LogStream, LogWriter } from './cri-log.ts';
import type { ContainerExit } from './runtime.ts';

/** A container's own streams: the log gets everything, those who are attached get a copy. */
export interface ContainerStreams {
  /** Resolves when both outputs are at their end and the attached have been told. */
  readonly finished: Promise<void>;
  attach(request: Omit<ExecRequest, 'command'>, exit: Promise<ContainerExit>): ExecSession;
}

/** Reads a container's outputs from now on. `stdin` is the near end of its input, if it is kept open. */
export function createContainerStreams(
  stdout: Readable,
  stderr: Readable,
  stdin: Writable | undefined,
  log: LogWriter,
): ContainerStreams {
  const attached: Record<LogStream, Set<PassThrough>> = { stdout: new Set(), stderr: new Set() };
  const pump = async (source: Readable, name: LogStream): Promise<void> => {
    source.on('data', (chunk: Buffer) => {
      log.write(name, chunk);
      for (const copy of attached[name]) copy.write(chunk);
    });
    await finished(source, { writable: false }).catch(() => undefined);
    for (const copy of attached[name]) copy.end();
    attached[name].clear();
  };
  const ends = Promise.all([pump(stdout, 'stdout'), pump(stderr, 'stderr')]).then(() => {
    stdin?.destroy();
  });
  const follow = (name: LogStream): PassThrough => {
    const copy = new PassThrough();
    attached[name].add(copy);
    copy.once('close', () => attached[name].delete(copy));
    return copy;
  };
  return {
    finished: ends,
    attach: (request, exit) => {
      const out = request.stdout ? follow('stdout') : undefined;
      const err = request.stderr ? follow('stderr') : undefined;
      const input = request.stdin && stdin !== undefined ? new PassThrough() : undefined;
      if (input !== undefined) input.pipe(stdin as Writable, { end: false });
      return {
        stdin: input,
        stdout: out,
        stderr: err,
        resize: () => undefined,
        exitCode: exit.then(({ exitCode }) => exitCode),
        kill: () => {
          input?.destroy();
          out?.destroy();
          err?.destroy();
        },
      };
    },
  };
}
