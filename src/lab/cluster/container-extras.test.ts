import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addContainerExtras } from './container-extras.ts';
import type { ContainerRuntime, ContainerSpec } from './runtime/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-extras-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What the runtime below is told to start when a container asks for `spec`. */
async function startedWith(spec: Partial<ContainerSpec>): Promise<ContainerSpec> {
  const started: ContainerSpec[] = [];
  const runtime = {
    start: (asked: ContainerSpec) => {
      started.push(asked);
      return Promise.resolve({});
    },
  } as unknown as ContainerRuntime;
  const extended = await addContainerExtras(runtime, {
    env: { HTTPS_PROXY: 'http://127.0.0.1:1', SSL_CERT_FILE: '/run/lab/ca.pem' },
    files: [{ path: '/run/lab/ca.pem', content: 'the CA' }],
    folder,
  });
  await extended.start({ env: [], mounts: [], ...spec } as unknown as ContainerSpec);
  return started[0] as ContainerSpec;
}

test('every container gets the files', async () => {
  const { mounts } = await startedWith({});
  expect(mounts).toEqual([{ hostPath: join(folder, '0'), containerPath: '/run/lab/ca.pem', readOnly: true }]);
  expect(await readFile(mounts[0]?.hostPath ?? '', 'utf8')).toBe('the CA');
});

test('what the container sets itself wins', async () => {
  const { env } = await startedWith({ env: [{ name: 'HTTPS_PROXY', value: 'own' }] });
  expect(Object.fromEntries(env.map(({ name, value }) => [name, value]))).toEqual({
    HTTPS_PROXY: 'own',
    SSL_CERT_FILE: '/run/lab/ca.pem',
  });
});

test('a volume of the pod at the place of a file wins', async () => {
  const own = { hostPath: '/somewhere', containerPath: '/run/lab/ca.pem', readOnly: false };
  expect((await startedWith({ mounts: [own] })).mounts).toEqual([own]);
});
