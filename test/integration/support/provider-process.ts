import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi, expect } from 'vitest';
import { createDisposeStack, silentLog, systemClock, systemRandom } from '#base';
import { createProviderDirectory, type Provider } from '#providerapi';
import type { CloudLab } from './cloud-lab.ts';

/** `keyferry provider` as a process of its own, and a driver's way to it. */
export interface ProviderProcess extends AsyncDisposable {
  readonly provider: Provider;
  readonly socketPath: string;
  /** What it logged so far. */
  readonly logs: string;
  /** Ends it as kubelet does, and answers its exit code. */
  stop(): Promise<number | null>;
}

/** How a {@link ProviderProcess} is started. */
export interface ProviderProcessOptions {
  readonly lab: CloudLab;
  /** The API server that it asks, an HTTP URL. */
  readonly apiServer: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the process; all that ties it to the lab is its environment. */
export async function startProviderProcess({
  lab,
  apiServer,
  flags = [],
  env = {},
}: ProviderProcessOptions): Promise<ProviderProcess> {
  const stack = createDisposeStack();
  const kubeconfig = join(lab.folder, 'kubeconfig');
  const socketPath = join(lab.folder, 'azure.sock');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      'current-context': 'test',
      clusters: [{ name: 'test', cluster: { server: apiServer } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      users: [{ name: 'test', user: {} }],
    }),
  );
  const main = new URL('../../../src/cmd/provider.ts', import.meta.url).href;
  const script = `const { main } = await import(${JSON.stringify(main)}); process.exitCode = await main(process.argv.slice(1));`;
  const child = spawn(
    process.execPath,
    [
      '--import=tsx',
      '--input-type=module',
      `--eval=${script}`,
      '--',
      `--endpoint=unix://${socketPath}`,
      '--healthz-port=0',
      '--prometheus-port=0',
      '-v=4',
      `--kubeconfig=${kubeconfig}`,
      ...flags,
    ],
    {
      env: {
        PATH: process.env['PATH'],
        HTTPS_PROXY: lab.cloud.gateway.proxyUrl,
        NO_PROXY: '127.0.0.1,localhost',
        NODE_EXTRA_CA_CERTS: join(lab.folder, 'ca.pem'),
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const stop = async () => {
    if (child.exitCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    return child.exitCode;
  };
  stack.defer(async () => void (await stop()));
  let logs = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    logs += chunk.toString();
  });
  try {
    await vi.waitFor(() => expect(logs).toContain('Provider serves'), { timeout: 20_000 });
    const directory = stack.use(
      createProviderDirectory({
        socketFolders: [lab.folder],
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
      }),
    );
    return {
      provider: await directory.resolve('azure'),
      socketPath,
      get logs() {
        return logs;
      },
      stop,
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}
