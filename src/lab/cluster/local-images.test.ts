import { describe, expect, it } from 'vitest';
import { addLocalImages, type LocalImage } from './local-images.ts';
import {
  ContainerStartError,
  type ContainerHandle,
  type ContainerRuntime,
  type ContainerSpec,
} from './runtime/index.ts';

/** A runtime with one image, `app`, and what it was told to start. */
function scene(more: Partial<LocalImage> = {}) {
  const started: ContainerSpec[] = [];
  const entered: string[] = [];
  let end: () => void = () => undefined;
  let failure: Error | undefined;
  const below = {
    imageFacts: () => undefined,
    describeRoot: () => 'a root.',
    start: (spec: ContainerSpec) => {
      if (failure !== undefined) return Promise.reject(failure);
      started.push(spec);
      const exit = new Promise<void>((resolve) => {
        end = resolve;
      });
      return Promise.resolve({ exit } as unknown as ContainerHandle);
    },
  } as unknown as ContainerRuntime;
  const runtime = addLocalImages(below, [
    {
      name: 'app',
      entrypoint: ['/app/run'],
      files: () =>
        Promise.resolve([
          { path: '/app', hostPath: '/here/app' },
          { path: '/etc/app', hostPath: '/here/etc' },
        ]),
      enter: ({ id }) => {
        entered.push(id);
        return {
          env: [{ name: 'CLOCK', value: id }],
          mounts: [{ hostPath: `/clocks/${id}`, containerPath: '/run/clock', readOnly: false }],
          [Symbol.dispose]: () => void entered.push(`${id} ended`),
        };
      },
      ...more,
    },
  ]);
  const start = (image: string, spec: Partial<ContainerSpec> = {}) =>
    runtime.start({ id: 'c', image, env: [], mounts: [], ...spec } as unknown as ContainerSpec);
  return {
    runtime,
    start,
    started,
    entered,
    end: () => end(),
    fail: (error: Error) => {
      failure = error;
    },
  };
}

describe('an image of this machine', () => {
  it.each([
    ['app', true],
    ['ghcr.io/org/app:1.0.0', true],
    ['localhost:5000/mirror/org/app@sha256:00', true],
    ['ghcr.io/app/other', false],
    ['application', false],
  ])('%s is known: %s', async (reference, known) => {
    const { runtime, start, started } = scene();
    expect(runtime.imageFacts(reference)?.entrypoint).toEqual(known ? ['/app/run'] : undefined);
    await start(reference);
    expect(started[0]?.mounts.some(({ hostPath }) => hostPath === '/here/app')).toBe(known);
  });

  it('gives its containers its files read-only, and what each of them gets for itself', async () => {
    const { start, started } = scene();
    const own = { hostPath: '/pods/etc', containerPath: '/etc/app', readOnly: false };
    await start('app', { env: [{ name: 'CLOCK', value: 'of the pod' }], mounts: [own] });
    expect(started[0]?.mounts).toEqual([
      { hostPath: '/here/app', containerPath: '/app', readOnly: true },
      { hostPath: '/clocks/c', containerPath: '/run/clock', readOnly: false },
      own, // in place of the image's
    ]);
    // Of entries of one name the later wins.
    expect(started[0]?.env.at(-1)).toEqual({ name: 'CLOCK', value: 'c' });
  });

  it('lets go of what a container got when it has ended, or could not start', async () => {
    const { start, entered, end, fail } = scene();
    const { exit } = await start('app');
    expect(entered).toEqual(['c']);
    end();
    await exit;
    expect(entered).toEqual(['c', 'c ended']);
    fail(new ContainerStartError('no root'));
    await expect(start('app', { id: 'd' })).rejects.toThrow('no root');
    expect(entered).toEqual(['c', 'c ended', 'd', 'd ended']);
  });

  it('starts nothing where its files are not to be had', async () => {
    const { start, started, entered } = scene({ files: () => Promise.reject(new Error('not built')) });
    await expect(start('app')).rejects.toThrow('not built');
    expect([started, entered]).toEqual([[], []]);
  });
});
