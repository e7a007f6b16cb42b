/**
 * A `keyferry node` of a test's own beside a lab: the production process in namespaces of its own, called over its CSI
 * socket as kubelet calls it, with a real API server and vault behind it.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot, planNamespaces } from '#lab/session';
import { createDriverCalls, type DriverCalls } from './driver-calls.ts';
import { inspectProcess, type InspectedProcess } from './inspected-process.ts';
import { list, readAll } from './node-volumes.ts';
import { eventually } from './test-lab.ts';

/** A running `keyferry node`. */
export interface CsiNode extends DriverCalls, AsyncDisposable {
  readonly pid: number;
  readonly inspector: InspectedProcess;
  /** The driver's records of volumes. */
  records(): string[];
  /** The process's metrics, one a line. */
  metrics(): Promise<string>;
  /** All that it has logged and written to its error output. */
  output(): string;
}

/** As kubelet's, short enough for a socket's path. */
const PARENT = '/tmp';

/** Starts it in the environment of a lab's commands, with `more` flags; answers once it serves. */
export async function startCsiNode(
  env: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): Promise<CsiNode> {
  const folder = mkdtempSync(join(PARENT, 'kf-csi-'));
  const socket = join(folder, 'csi.sock');
  const plan = planNamespaces(process.getuid?.() ?? 0);
  const child = spawn(
    plan.command,
    [
      ...plan.args,
      process.execPath,
      '--inspect=127.0.0.1:0',
      join(packageRoot(), 'bin', 'keyferry'),
      'node',
      `--endpoint=unix://${socket}`,
      '--nodeid=csi-node',
      `--kubeconfig=${env['KUBECONFIG']}`,
      `--provider-volume=${join(folder, 'providers')}`,
      `--additional-provider-volume-paths=${join(folder, 'more-providers')}`,
      '--metrics-addr=127.0.0.1:0',
      ...more,
    ],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const found = (pattern: RegExp) =>
    pattern.test(output) ? { found: pattern.exec(output)?.[1] ?? '' } : { seen: output };
  const dispose = async () => {
    child.kill('SIGKILL');
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const inspectorUrl = await eventually('the inspector', async () => found(/(ws:\/\/\S+)/));
    await eventually('the driver serves', async () => found(/"msg":("Driver serves")/));
    const metricsPort = await eventually('the metrics', async () => found(/"port":(\d+)/));
    const pid = Number(readAll(`/proc/${child.pid}/task/${child.pid}/children`).trim());
    const inspector = await inspectProcess(inspectorUrl, pid);
    const { [Symbol.dispose]: close, ...calls } = createDriverCalls({ folder, socket, pid });
    return {
      pid,
      inspector,
      ...calls,
      async unpublish(volume) {
        await calls.unpublish(volume);
        // What kubelet does afterwards.
        for (const path of ['..', '../..', '../../..', '../../../..']) rmdirSync(join(volume.targetPath, path));
      },
      records: () => list(join(folder, 'volumes')),
      metrics: async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text(),
      output: () => output,
      async [Symbol.asyncDispose]() {
        inspector[Symbol.dispose]();
        close();
        await dispose();
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
