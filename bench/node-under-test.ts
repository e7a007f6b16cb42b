import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { packageRoot } from '#lab/session';
import { IdentityClient, NodeClient, type NodePublishVolumeRequest } from '../src/gen/csi/v1/csi.ts';
import type { BenchCluster } from './cluster.ts';
import type { StandInAzure } from './stand-in-azure.ts';

/** The production process `keyferry node`, called as a kubelet calls it. */
export interface NodeUnderTest extends AsyncDisposable {
  /** From the start of the process until it answered its first call. */
  readonly startMs: number;
  /** Kubelet's folder. */
  readonly kubelet: string;
  /** How long the call took, milliseconds. */
  publish(request: NodePublishVolumeRequest): Promise<number>;
  unpublish(request: NodePublishVolumeRequest): Promise<number>;
  /** Resident memory now, MiB. */
  memoryMib(): number;
  /** Processor time until now, milliseconds: what other work on the machine changes little. */
  cpuMs(): number;
}

/** What starts the process: the program of this machine, or a container that has `shared` at the same place. */
export type Launch = (wanted: {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly shared: string;
}) => {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process's own id, undefined when it is that of the command. */
  readonly pid?: () => number;
};

const LIMITS = { timeoutMs: 60_000 };

/** Starts the process with its own folders below `folder`, and the further flags. */
export async function startNode(
  folder: string,
  {
    azure,
    cluster,
    flags = [],
    launch = onThisMachine,
  }: {
    readonly azure: StandInAzure;
    readonly cluster: BenchCluster;
    readonly flags?: readonly string[];
    readonly launch?: Launch;
  },
): Promise<NodeUnderTest> {
  const kubelet = join(folder, 'kubelet');
  const socket = join(folder, 'csi.sock');
  mkdirSync(kubelet, { recursive: true });
  writeFileSync(join(folder, 'kubeconfig'), cluster.kubeconfig, { mode: 0o600 });
  writeFileSync(join(folder, 'ca.pem'), azure.caPem);
  const { command, args, env, pid } = launch({
    args: [
      'node',
      `--endpoint=unix:/${socket}`,
      '--nodeid=bench',
      '--metrics-addr=0',
      `--kubeconfig=${join(folder, 'kubeconfig')}`,
      `--provider-volume=${join(folder, 'providers')}`,
      ...flags,
    ],
    env: { HTTPS_PROXY: azure.proxyUrl, NO_PROXY: '127.0.0.1', NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
    shared: folder,
  });
  const startedMs = systemClock.monotonic();
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', openSync(join(folder, 'log'), 'a')] });
  const processId = pid ?? (() => child.pid ?? 0);
  const identity = createGrpcClient(IdentityClient, socket);
  for (;;) {
    if (child.exitCode !== null) throw new Error(readFileSync(join(folder, 'log'), 'utf8'));
    const ready = await callUnary(identity, 'probe', {}, { timeoutMs: 1000 }, systemClock).then(
      () => true,
      () => false,
    );
    if (ready) break;
    await systemClock.sleep(5);
  }
  const startMs = systemClock.monotonic() - startedMs;
  identity.close();
  const node = createGrpcClient(NodeClient, socket);
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const callMs = systemClock.monotonic();
    await work();
    return systemClock.monotonic() - callMs;
  };
  return {
    startMs,
    kubelet,
    publish: (request) => timed(() => callUnary(node, 'nodePublishVolume', request, LIMITS, systemClock)),
    unpublish: ({ volumeId, targetPath }) =>
      timed(() => callUnary(node, 'nodeUnpublishVolume', { volumeId, targetPath }, LIMITS, systemClock)),
    memoryMib: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${processId()}/status`, 'utf8'))?.[1]) / 1024,
    cpuMs: () => {
      // What the threads ran, nanoseconds: the kernel's documentation of sched-stats.
      const folder = `/proc/${processId()}/task`;
      const ran = (thread: string) => Number(readFileSync(join(folder, thread, 'schedstat'), 'utf8').split(' ')[0]);
      return readdirSync(folder).reduce((sum, thread) => sum + ran(thread), 0) / 1e6;
    },
    [Symbol.asyncDispose]: async () => {
      node.close();
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function onThisMachine({ args, env }: Parameters<Launch>[0]): ReturnType<Launch> {
  const profile = process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? [];
  return {
    command: process.execPath,
    args: [...profile, join(packageRoot(), 'bin/keyferry'), ...args],
    env: { ...env, PATH: process.env['PATH'] },
  };
}
