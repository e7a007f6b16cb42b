import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDisposeStack, silentLog, systemClock, systemRandom } from '#base';
import { startCloud, type Cloud } from '#lab/cloud';
import { createMemoryStore } from '#lab/store';
import { renderAzureConfig, type AzIo, type AzResult } from '#lab/session';
import { az } from '../../../src/lab/session/az/testing/index.ts';
import { createIssuerOnlyClusters, type IssuerOnlyClusters } from './cloud-lab.ts';

/** The emulated Azure with an az that is signed in to it; its clusters are issuers and nothing more. */
export interface AzLab extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly home: string;
  /** What the lab hands to a command. */
  readonly env: Readonly<Record<string, string>>;
  readonly configFolder: string;
  readonly clusters: IssuerOnlyClusters;
  /** Runs a command line: words, or one text in which quotes keep spaces. */
  run(line: string | readonly string[], io?: Partial<AzIo>): Promise<AzResult>;
  /** The same for a command that must succeed; answers its JSON. */
  json(line: string): Promise<unknown>;
  /** The same for `-o tsv`, without the line end. */
  text(line: string): Promise<string>;
}

/** Starts an {@link AzLab} in a temporary folder. */
export async function startAzLab(): Promise<AzLab> {
  const stack = createDisposeStack();
  const home = await mkdtemp(join(tmpdir(), 'az-lab-'));
  stack.defer(() => rm(home, { recursive: true }));
  const clusters = await createIssuerOnlyClusters();
  const cloud = stack.use(
    await startCloud({
      store: createMemoryStore(),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      clusters: {
        ...clusters,
        kubeconfig: (armId) => Promise.resolve(kubeconfigOf(clusters.applied.get(armId.toLowerCase())?.name ?? '')),
      },
    }),
  );
  const configFolder = join(home, 'azure');
  await mkdir(configFolder);
  const files = renderAzureConfig({
    directory: cloud.directory,
    refreshToken: cloud.signInUser(),
    clock: systemClock,
    random: systemRandom,
  });
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(configFolder, name), content);
  }
  const bundle = join(home, 'ca.pem');
  await writeFile(bundle, cloud.caPem);
  const env = {
    HOME: home,
    AZURE_CONFIG_DIR: configFolder,
    HTTPS_PROXY: cloud.gateway.proxyUrl,
    NO_PROXY: '127.0.0.1,localhost',
    REQUESTS_CA_BUNDLE: bundle,
  };
  const run: AzLab['run'] = (line, io) => az(line, { ...io, env: { ...env, ...io?.env } });
  const succeed = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await run(line);
    if (code !== 0) throw new Error(`az ${line} ended with ${code}: ${stderr}`);
    return stdout;
  };
  return {
    cloud,
    home,
    env,
    configFolder,
    clusters,
    run,
    json: async (line) => JSON.parse(await succeed(line)) as unknown,
    text: async (line) => (await succeed(`${line} -o tsv`)).replace(/\n$/, ''),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

function kubeconfigOf(name: string): string {
  const user = `clusterUser_${name}`;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: 'https://127.0.0.1:6443' } }],
    users: [{ name: user, user: {} }],
    contexts: [{ name, context: { cluster: name, user } }],
  });
}
