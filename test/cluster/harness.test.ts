import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '#kube';
import { eventually } from '../support/test-lab.ts';
import { parseVersion } from './setup/programs.ts';
import { startCluster, type Cluster } from './support/cluster.ts';

// The clusters themselves, before anything of ours is installed in them.

const version = parseVersion(process.env['KEYFERRY_KUBERNETES'] ?? '1.34');

/** What a cluster could leave on this machine, told apart by the process that started it. */
function traces(folder: string, starter: number) {
  const hierarchies = ['.', ...readdirSync('/sys/fs/cgroup')].map((name) => join('/sys/fs/cgroup', name));
  const groups = hierarchies.filter((path) => statSync(path).isDirectory()).flatMap((path) => readdirSync(path));
  const commands = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' '));
  return {
    folder: existsSync(folder),
    groups: groups.filter((name) => name.startsWith(`keyferry-${starter}-`)),
    mounts: readIfThere('/proc/mounts')
      .split('\n')
      .filter((line) => line.includes(folder)),
    processes: commands.filter((command) => command.includes(folder)),
  };
}

const NOTHING = { folder: false, groups: [], mounts: [], processes: [] };

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const waiting = (name: string, command: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', `${command}; exec sleep 3600`] }],
  },
});

describe(`a cluster of Kubernetes ${version}`, () => {
  let cluster: Cluster;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keyferry-cluster-'));
    cluster = await startCluster({ version, folder });
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });

  const makePod = (name: string, command: string) =>
    cluster.client.create({ group: '', version: 'v1', resource: 'pods' }, 'default', waiting(name, command));
  const ready = (name: string) => cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
  const startedAt = async (name: string) => {
    const pod = JSON.parse(await cluster.kubectl('get', 'pod', name, '-o', 'json')) as Pod;
    return pod.status?.containerStatuses?.[0]?.containerID;
  };

  test('runs pods, which reach the API server by its Service, and answers logs and exec', async () => {
    await makePod('reaches', 'nc -w 5 "$KUBERNETES_SERVICE_HOST" 443 < /dev/null && echo reached');
    await ready('reaches');
    await eventually('log', async () => {
      const seen = await cluster.kubectl('logs', 'reaches');
      return seen === 'reached' ? { found: seen } : { seen };
    });
    expect(await cluster.kubectl('exec', 'reaches', '--', 'bash', '-c', 'echo $BASH')).toBe('/bin/bash');
  });

  test('containers run on while kubelet or containerd are away', async () => {
    await makePod('stays', 'true');
    await ready('stays');
    const before = await startedAt('stays');
    await cluster.restartKubelet();
    await cluster.restartContainerd();
    await ready('stays');
    expect(await cluster.kubectl('exec', 'stays', '--', 'echo', 'there')).toBe('there');
    expect(await startedAt('stays')).toBe(before);
  });

  test('after a reboot no container and no mount is left, the disk is, and pods start again', async () => {
    await makePod('again', 'true');
    await ready('again');
    const before = await startedAt('again');
    const { nodePid } = cluster;
    await cluster.powerOff();
    expect(existsSync(`/proc/${nodePid}`)).toBe(false);
    await cluster.powerOn();
    await eventually('a container of its own', async () => {
      const now = await startedAt('again');
      return now !== undefined && now !== before ? { found: now } : { seen: String(now) };
    });
    await ready('again');
  });

  test('the API server can be away', async () => {
    await cluster.stopApiServer();
    await expect(cluster.kubectl('get', 'nodes', '--request-timeout=2s')).rejects.toThrow();
    await cluster.startApiServer();
    expect(await cluster.kubectl('get', 'nodes', '-o', 'name')).toBe('node/node-1');
  });

  test('leaves nothing behind', async () => {
    await cluster[Symbol.asyncDispose]();
    expect(traces(folder, process.pid)).toEqual(NOTHING);
  });
});

test('a cluster whose starter is killed leaves nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-cluster-'));
  const up = fileURLToPath(new URL('up.ts', import.meta.url));
  const starter = spawn(process.execPath, ['--import', 'tsx', up, `--version=${version}`, `--folder=${folder}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface(starter.stdout), 'line');
  expect(traces(folder, starter.pid as number).groups).not.toEqual([]);
  starter.kill('SIGKILL');
  await eventually('nothing left', () => {
    const seen = traces(folder, starter.pid as number);
    return Promise.resolve(
      JSON.stringify(seen) === JSON.stringify(NOTHING) ? { found: seen } : { seen: JSON.stringify(seen) },
    );
  });
});
