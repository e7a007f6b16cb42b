import { linkSignals, type Clock } from '#base';
import { machineTime } from '#lab/clock';
import type { ContainerHandle } from '../runtime/index.ts';

/** How a command of a probe or hook ended. */
export interface CommandEnd {
  readonly exitCode: number;
  readonly timedOut: boolean;
  /** stdout and stderr as they came, at most 10 KiB. */
  readonly output: string;
}

const OUTPUT_BYTES = 10 * 1024;

/** Runs a command in a container to its end; after `timeoutMs`, or when the signal aborts, it is ended. */
export async function runToEnd(
  handle: Pick<ContainerHandle, 'exec'>,
  command: readonly string[],
  options: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<CommandEnd> {
  const timer = linkSignals(options.signal);
  const session = await handle.exec({ command, stdin: false, stdout: true, stderr: true, tty: false });
  const chunks: Buffer[] = [];
  let size = 0;
  for (const stream of [session.stdout, session.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      if (size < OUTPUT_BYTES) chunks.push(chunk);
      size += chunk.length;
    });
  }
  const ended = session.exitCode.then((exitCode) => ({ exitCode, timedOut: false }));
  const expired = machineTime(options.clock)
    .sleep(options.timeoutMs, { signal: timer.signal })
    .then(
      () => ({ exitCode: -1, timedOut: true }),
      () => ({ exitCode: -1, timedOut: true }),
    );
  try {
    const end = await Promise.race([ended, expired]);
    if (end.timedOut) session.kill();
    return { ...end, output: Buffer.concat(chunks).subarray(0, OUTPUT_BYTES).toString() };
  } finally {
    timer.abort();
    timer[Symbol.dispose]();
  }
}
