import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#base';
import type { AzIo } from './io.ts';
import { kubeconfigPath, mergeKubeconfigFile } from './kubeconfig.ts';

const config = (name: string, server: string, user = `clusterUser_rg_${name}`) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': name,
  clusters: [{ name, cluster: { server } }],
  users: [{ name: user, user: { token: 't' } }],
  contexts: [{ name, context: { cluster: name, user } }],
});

let folder: string;
let io: AzIo;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'az-kubeconfig-'));
  io = {
    env: {},
    stdout: () => undefined,
    stderr: () => undefined,
    isTty: false,
    readStdin: () => Promise.resolve(''),
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
  };
});
afterEach(() => rm(folder, { recursive: true }));

const merge = (addition: object, more: object = {}) =>
  mergeKubeconfigFile(io, {
    path: join(folder, 'kube', 'config'),
    addition: stringify(addition),
    overwrite: false,
    contextName: undefined,
    ...more,
  });
const read = async () => parse(await readFile(join(folder, 'kube', 'config'), 'utf8')) as ReturnType<typeof config>;

describe('merging credentials', () => {
  it('makes the file with its folder, for its owner alone', async () => {
    expect(await merge(config('a', 'https://a'))).toBe('a');
    expect(await read()).toMatchObject(config('a', 'https://a'));
    expect((await stat(join(folder, 'kube', 'config'))).mode & 0o777).toBe(0o600);
  });

  it('keeps other clusters and makes the new one current', async () => {
    await merge(config('a', 'https://a'));
    await merge(config('b', 'https://b'));
    const merged = await read();
    expect(merged['current-context']).toBe('b');
    expect(merged.contexts.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('takes the same entries again without asking', async () => {
    await merge(config('a', 'https://a'));
    await merge(config('a', 'https://a'));
    expect((await read()).clusters).toHaveLength(1);
  });

  it('refuses other entries of the same name, and leaves the file as it was', async () => {
    await merge(config('a', 'https://a'));
    await expect(merge(config('a', 'https://other'))).rejects.toThrow(
      'A different object named a already exists in clusters in your kubeconfig file.',
    );
    expect((await read()).clusters[0]?.cluster.server).toBe('https://a');
  });

  it('replaces them when told to, or when the person says yes', async () => {
    await merge(config('a', 'https://a'));
    await merge(config('a', 'https://b'), { overwrite: true });
    expect((await read()).clusters).toEqual([{ name: 'a', cluster: { server: 'https://b' } }]);
    io = { ...io, ask: () => Promise.resolve('y') };
    await merge(config('a', 'https://c'));
    expect((await read()).clusters[0]?.cluster.server).toBe('https://c');
  });

  it('names the context as told, and an administrator’s NAME-admin', async () => {
    expect(await merge(config('a', 'https://a'), { contextName: 'mine' })).toBe('mine');
    expect(await merge(config('b', 'https://b', 'clusterAdmin_rg_b'))).toBe('b-admin');
    expect((await read()).contexts.map(({ name }) => name)).toEqual(['mine', 'b-admin']);
  });

  it('says which file is not YAML', async () => {
    const path = join(folder, 'broken');
    await writeFile(path, 'a: [');
    await expect(merge(config('a', 'https://a'), { path })).rejects.toThrow(`Error parsing ${path}`);
  });
});

it.each([
  [{ KUBECONFIG: '/a:/b', HOME: '/h' }, '/a'],
  [{ KUBECONFIG: '', HOME: '/h' }, '/h/.kube/config'],
  [{ HOME: '/h' }, '/h/.kube/config'],
])('with %o the kubeconfig is %s', (env, path) => {
  expect(kubeconfigPath(env)).toBe(path);
});
