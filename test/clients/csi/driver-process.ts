/**
 * A CSI driver of a test's own, ours or upstream's, in namespaces of its own with a folder for the sockets of providers,
 * called over its socket as kubelet calls it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { packageRoot, planNamespaces } from '#lab/session';
import { IdentityClient } from '../../../src/gen/csi/v1/csi.ts';
import { createDriverCalls, type DriverCalls } from '../../support/driver-calls.ts';
import { readAll } from '../../support/node-volumes.ts';
import { eventually } from '../../support/test-lab.ts';

/** Where a driver's sockets are. */
export interface DriverPlace {
  readonly folder: string;
  readonly socket: string;
  /** The folder in which it looks for `<provider>.sock`. */
  readonly providers: string;
}

/** A program that a test started, with what it has written so far. */
export interface StartedProgram extends AsyncDisposable {
  output(): string;
}

/** A driver that answers on its socket. */
export interface DriverProcess extends DriverPlace, DriverCalls, StartedProgram {
  /** Starts a program that sees the driver's mounts, as a provider's pod does. */
  start(command: readonly string[], env?: Readonly<Record<string, string>>): StartedProgram;
}

/** `keyferry node` with the flags that upstream's chart gives its driver. */
export function keyferryNode({ socket, providers }: DriverPlace, ...more: readonly string[]): string[] {
  return [process.execPath, join(packageRoot(), 'bin', 'keyferry'), 'node', ...driverFlags(socket, providers), ...more];
}

/** `keyferry provider` on the socket where a driver of that place looks for the Azure provider. */
export function keyferryProvider({ providers }: DriverPlace): string[] {
  return [
    process.execPath,
    join(packageRoot(), 'bin', 'keyferry'),
    'provider',
    `--endpoint=unix://${join(providers, 'azure.sock')}`,
    '--healthz-port=0',
    '--prometheus-port=0',
    '--freshness-window=0',
  ];
}

/** The flags that ours and upstream's driver share. */
export function driverFlags(socket: string, providers: string): string[] {
  return [
    `--endpoint=unix://${socket}`,
    '--nodeid=csi-node',
    `--provider-volume=${providers}`,
    `--additional-provider-volume-paths=${providers}-first`,
    '--metrics-addr=127.0.0.1:0',
    '--enable-secret-rotation=true',
    '--rotation-poll-interval=1ms',
    '-v=5',
  ];
}

/** Starts a driver in an environment with KUBECONFIG; answers once it says that it is ready. */
export async function startDriverProcess(
  env: Readonly<Record<string, string | undefined>>,
  command: (place: DriverPlace) => readonly string[],
): Promise<DriverProcess> {
  const folder = mkdtempSync('/tmp/kf-csi-'); // short enough for a socket's path
  const place = { folder, socket: join(folder, 'csi.sock'), providers: join(folder, 'providers') };
  mkdirSync(place.providers);
  const plan = planNamespaces(process.getuid?.() ?? 0);
  const driver = startProgram([plan.command, ...plan.args, ...command(place)], env);
  const identity = createGrpcClient(IdentityClient, place.socket);
  const dispose = async () => {
    identity.close();
    await driver[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually('the driver is ready', async () => {
      const probe = await callUnary(identity, 'probe', {}, { timeoutMs: 5000 }, systemClock).catch(() => undefined);
      return probe?.ready?.value === true ? { found: true } : { seen: driver.output() };
    });
  } catch (error) {
    await dispose();
    throw error;
  }
  const pid = Number(readAll(`/proc/${driver.pid}/task/${driver.pid}/children`).trim());
  const enter = ['nsenter', `--target=${pid}`, ...(plan.userNamespace ? ['--user', '--preserve-credentials'] : [])];
  const { [Symbol.dispose]: close, ...calls } = createDriverCalls({ folder, socket: place.socket, pid });
  return {
    ...place,
    ...calls,
    output: () => driver.output(),
    start: (words, more = {}) => startProgram([...enter, '--mount', ...words], { ...env, ...more }),
    [Symbol.asyncDispose]: async () => {
      close();
      await dispose();
    },
  };
}

/** Starts a program; disposing it kills it. */
function startProgram(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): StartedProgram & { readonly pid: number } {
  const child: ChildProcess = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (output += data.toString()));
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
