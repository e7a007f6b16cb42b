import { once } from 'node:events';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import type { ExecRequest, ExecSession } from '../pod-streams.ts';
import type { LogStream, LogWriter } from './cri-log.ts';
import type { ContainerExit } from './runtime.ts';

/** A container's own streams: the log gets everything, those who are attached get a copy. */
export interface ContainerStreams {
  /** Resolves when both outputs are at their end and the attached have been told. */
  readonly finished: Promise<void>;
  attach(request: Omit<ExecRequest, 'command'>, exit: Promise<ContainerExit>): ExecSession;
}

/** The near ends of a container's streams. */
export interface ContainerEnds {
  readonly stdout: Readable;
  /** Undefined on a terminal. */
  readonly stderr: Readable | undefined;
  /** Undefined when it is not kept open. */
  readonly stdin: Writable | undefined;
  /** Closes stdin when the first who is attached to it leaves. */
  readonly stdinOnce: boolean;
  readonly resize: ExecSession['resize'];
}

/** Reads a container's outputs from now on, no faster than the log and the attached take them. */
export function createContainerStreams(ends: ContainerEnds, log: LogWriter): ContainerStreams {
  const { stdin } = ends;
  const attached: Record<LogStream, Set<PassThrough>> = { stdout: new Set(), stderr: new Set() };
  const pump = async (source: Readable | undefined, name: LogStream): Promise<void> => {
    try {
      for await (const chunk of (source ?? []) as AsyncIterable<Buffer>) {
        await log.write(name, chunk);
        await Promise.all([...attached[name]].map((copy) => writeCopy(copy, chunk)));
      }
    } catch {
      // A stream that breaks is at its end.
    }
    for (const copy of attached[name]) copy.end();
    attached[name].clear();
  };
  const finished = Promise.all([pump(ends.stdout, 'stdout'), pump(ends.stderr, 'stderr')]).then(() => {
    stdin?.destroy();
  });
  const follow = (name: LogStream): PassThrough => {
    const copy = new PassThrough();
    attached[name].add(copy);
    copy.once('close', () => attached[name].delete(copy));
    return copy;
  };
  const feed = (target: Writable): Writable => {
    const input = new PassThrough();
    input.pipe(target, { end: false });
    input.once('close', () => {
      if (ends.stdinOnce) target.end();
    });
    return input;
  };
  return {
    finished,
    attach: (request, exit) => {
      const out = request.stdout ? follow('stdout') : undefined;
      const err = request.stderr && ends.stderr !== undefined ? follow('stderr') : undefined;
      const input = request.stdin && stdin !== undefined ? feed(stdin) : undefined;
      return {
        stdin: input,
        stdout: out,
        stderr: err,
        resize: ends.resize,
        exitCode: exit.then(({ exitCode }) => exitCode),
        kill: () => {
          // What was typed before leaving still arrives.
          input?.end();
          out?.destroy();
          err?.destroy();
        },
      };
    },
  };
}

/** Waits for a slow reader; one that leaves is not waited for. */
async function writeCopy(copy: PassThrough, chunk: Buffer): Promise<void> {
  if (copy.destroyed || copy.write(chunk)) return;
  await Promise.race([once(copy, 'drain'), once(copy, 'close')]).catch(() => undefined);
}
