/** Real Kubernetes programs with the driver as its chart installs it, and Azure's side of the lab in the same network. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDisposeStack } from '#base';
import { packageRoot } from '#lab/session';
import { runProgram, type ClusterUnderTest } from './scenarios/cluster.ts';
import type { KubernetesVersion } from './setup/kubernetes.ts';
import { startCluster, type Cluster } from './support/cluster.ts';

/** What it is started with. */
export interface InstalledClusterOptions {
  readonly version: KubernetesVersion;
  /** The OCI archive of the image. */
  readonly image: string;
}

const GATEWAY_PORT = 8443;
const KEYFERRY = [process.execPath, join(packageRoot(), 'bin/keyferry')];
const ROTATION_POLL_INTERVAL = 'rotationPollInterval';

/** Starts it; done when the driver is ready. `kubectl` and `helm` are those on the PATH. */
export async function startInstalledCluster({ version, image }: InstalledClusterOptions): Promise<ClusterUnderTest> {
  const stack = createDisposeStack();
  try {
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-cluster-'));
    const cluster = stack.use(await startCluster({ version, folder }));
    await cluster.importImage(image);
    const cloud = stack.use(await startCloud(cluster, folder));
    const env = { ...cloud.env, KUBECONFIG: cluster.insideKubeconfig };
    const run: ClusterUnderTest['run'] = (command, options = {}) =>
      runProgram([...cluster.enter, ...command], { env, ...options });
    const install = async (...values: readonly string[]) => {
      const chart = ['keyferry', join(packageRoot(), 'charts/keyferry'), '--namespace=kube-system'];
      const set = ['linux.image.pullPolicy=Never', ...values].map((value) => `--set=${value}`);
      const helm = ['helm', 'upgrade', '--install', ...chart, `--values=${cloud.values}`, ...set];
      const { exitCode, err } = await run([...helm, '--wait', '--timeout=90s']);
      if (exitCode !== 0) throw new Error(`helm: ${err}`);
    };
    await install(`${ROTATION_POLL_INTERVAL}=5s`);
    let upgrades = 0;
    return {
      name: `Kubernetes ${version}`,
      issuer: cluster.issuer,
      images: { shell: 'docker.io/library/busybox:1.36', bash: 'docker.io/library/ubuntu:20.04' },
      run,
      node: {
        name: cluster.nodeName,
        pid: () => Promise.resolve(cluster.nodePid),
        kubelet: () => Promise.resolve(cluster.kubeletRootDir),
      },
      operations: {
        stopKubelet: cluster.stopKubelet,
        startKubelet: cluster.restartKubelet,
        powerOff: cluster.powerOff,
        powerOn: cluster.powerOn,
        stopApiServer: cluster.stopApiServer,
        startApiServer: cluster.startApiServer,
        // From 5 s to 4 s and back: each time another argument of the process.
        upgradeDriver: () => install(`${ROTATION_POLL_INTERVAL}=${upgrades++ % 2 === 0 ? 4 : 5}s`),
      },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

/** Azure's side at the node's address: the environment of programs that use it, and the file with the chart's values. */
async function startCloud(cluster: Cluster, folder: string) {
  const stack = createDisposeStack();
  // In the cluster's folder, which goes with it, also when this process is killed.
  const state = mkdtempSync(join(folder, 'cloud-'));
  stack.defer(() => rm(state, { recursive: true, force: true }));
  const inside = (...command: readonly string[]) => [...cluster.enter, ...command];
  const listen = `--listen=${cluster.nodeAddress}:${GATEWAY_PORT}`;
  const flags = ['--cloud-only', `--state=${state}`, '--print-values', listen];
  const up = [...KEYFERRY, 'lab', 'up', ...flags, `--issuer-map=${cluster.issuer}=${cluster.jwks}`];
  // It ends with this process, also when this is killed.
  const [program = '', ...args] = inside('setpriv', '--pdeathsig=TERM', ...up);
  const env = { PATH: process.env['PATH'], HOME: state };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  stack.defer(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  try {
    const valuesText = await new Promise<string>((resolve, reject) => {
      let [out, err] = ['', ''];
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        // The authority is the last of the values.
        if (out.includes('-----END CERTIFICATE-----\n')) resolve(out);
      });
      ended.then(() => reject(new Error(`the cloud has ended: ${err}`)), reject);
    });
    const values = join(state, 'values.yaml');
    await writeFile(values, valuesText);
    const told = await runProgram(inside(...KEYFERRY, 'lab', 'env', `--state=${state}`, '--output=json'), { env });
    if (told.exitCode !== 0) throw new Error(`lab env: ${told.err}`);
    return {
      values,
      env: { ...env, ...(JSON.parse(told.out) as Record<string, string>) },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}
