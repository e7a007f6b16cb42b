import { expect, test } from 'vitest';
import { createFakeClock } from '../../base/testing/index.ts';
import type { ContainerExit, ContainerHandle, ContainerRuntime, ContainerSpec } from './runtime/index.ts';
import { stopGracefully } from './stop-gracefully.ts';

/** A runtime whose containers are told of here, and end on SIGTERM or not. */
function fakeRuntime(endsOnTerm: boolean) {
  const seen: string[] = [];
  const runtime = {
    start: () => {
      let end: () => void = () => undefined;
      const exit = new Promise<ContainerExit>((resolve) => {
        end = () => resolve({} as ContainerExit);
      });
      const handle: Partial<ContainerHandle> = {
        exit,
        signal: (name) => {
          seen.push(name);
          if (endsOnTerm) end();
        },
      };
      return Promise.resolve(handle);
    },
    [Symbol.asyncDispose]: () => {
      seen.push('the runtime ends');
      return Promise.resolve();
    },
  } as unknown as ContainerRuntime;
  return { runtime, seen };
}

test('containers that end when they are asked to are not waited for any longer', async () => {
  const { runtime, seen } = fakeRuntime(true);
  const graceful = stopGracefully(runtime, { clock: createFakeClock(), graceMs: 1000 });
  await graceful.start({} as ContainerSpec);
  await graceful.start({} as ContainerSpec);
  await graceful[Symbol.asyncDispose]();
  expect(seen).toEqual(['SIGTERM', 'SIGTERM', 'the runtime ends']);
});

test('those that do not end get the grace period', async () => {
  const { runtime, seen } = fakeRuntime(false);
  const clock = createFakeClock();
  const graceful = stopGracefully(runtime, { clock, graceMs: 1000 });
  await graceful.start({} as ContainerSpec);
  const disposed = graceful[Symbol.asyncDispose]();
  await clock.sleepers();
  await clock.advance(999);
  expect(seen).toEqual(['SIGTERM']);
  await clock.advance(1);
  await disposed;
  expect(seen).toEqual(['SIGTERM', 'the runtime ends']);
});

test('a container that ended before is not signalled', async () => {
  const { runtime, seen } = fakeRuntime(true);
  const graceful = stopGracefully(runtime, { clock: createFakeClock(), graceMs: 1000 });
  const handle = await graceful.start({} as ContainerSpec);
  handle.signal('SIGTERM');
  await handle.exit;
  await graceful[Symbol.asyncDispose]();
  expect(seen).toEqual(['SIGTERM', 'the runtime ends']);
});
