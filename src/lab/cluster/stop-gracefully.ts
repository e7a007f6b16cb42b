import type { Clock } from '#base';
import { machineTime } from '#lab/clock';
import type { ContainerHandle, ContainerRuntime } from './runtime/index.ts';

/** How a runtime's containers are stopped when it is disposed. */
export interface StopOptions {
  readonly clock: Clock;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
}

/** A runtime whose disposal asks all containers to end and gives them a little time, before the runtime ends them. */
export function stopGracefully(runtime: ContainerRuntime, { clock, graceMs }: StopOptions): ContainerRuntime {
  const running = new Set<ContainerHandle>();
  return {
    name: runtime.name,
    version: runtime.version,
    canChangeUser: runtime.canChangeUser,
    imageFacts: (image) => runtime.imageFacts(image),
    describeRoot: (image) => runtime.describeRoot(image),
    start: async (spec) => {
      const handle = await runtime.start(spec);
      running.add(handle);
      void handle.exit.then(() => running.delete(handle));
      return handle;
    },
    async [Symbol.asyncDispose]() {
      const timer = new AbortController();
      for (const handle of running) handle.signal('SIGTERM');
      const ended = Promise.all([...running].map((handle) => handle.exit));
      await Promise.race([
        ended,
        machineTime(clock)
          .sleep(graceMs, { signal: timer.signal })
          .catch(() => undefined),
      ]);
      timer.abort();
      await runtime[Symbol.asyncDispose]();
    },
  };
}
