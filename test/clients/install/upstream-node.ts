import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from './client.ts';
import { outputOf } from './programs.ts';

/** A program of upstream: the module in ../csi/upstream whose `tool` it is, and its package. */
interface UpstreamProgram {
  readonly name: string;
  readonly folder: string;
  readonly module: string;
  readonly package: string;
}

const PROGRAMS: readonly UpstreamProgram[] = [
  {
    name: 'upstream-driver',
    folder: 'driver',
    module: 'sigs.k8s.io/secrets-store-csi-driver',
    package: 'cmd/secrets-store-csi-driver',
  },
  {
    name: 'upstream-provider',
    folder: 'provider',
    module: 'github.com/Azure/secrets-store-csi-driver-provider-azure',
    package: 'cmd',
  },
];

const source = (folder: string) => new URL(`../csi/upstream/${folder}/`, import.meta.url);

/** The Secrets Store CSI driver and its Azure provider, built from their modules. */
export const upstreamNode: Client = {
  name: 'upstream-node',
  summary: 'secrets-store-csi-driver and its Azure provider (Go module proxy; about three minutes)',
  inputs: [...PROGRAMS.flatMap(({ folder }) => [`${folder}/go.mod`, `${folder}/go.sum`]), 'driver/mlog/mlog.go'].map(
    (file) => readFileSync(new URL(`../csi/upstream/${file}`, import.meta.url), 'utf8'),
  ),
  async missing() {
    return outputOf('go', ['version']).then(
      () => undefined,
      () => 'no go on the PATH',
    );
  },
  async install(folder, run) {
    for (const program of PROGRAMS) {
      const words = ['-trimpath', '-o', join(folder, program.name), `${program.module}/${program.package}`];
      await run('go', ['build', ...words], {
        cwd: source(program.folder).pathname,
        env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' },
      });
    }
  },
  programs: Object.fromEntries(PROGRAMS.map(({ name }) => [name, name])),
  async version(folder) {
    const versions = PROGRAMS.map(async ({ name, module }) => {
      const built = await outputOf('go', ['version', '-m', join(folder, name)]);
      return `${module.split('/').at(-1)} ${new RegExp(`\\s(?:mod|dep)\\s${module}\\s(\\S+)`).exec(built)?.[1] ?? '?'}`;
    });
    return (await Promise.all(versions)).join(', ');
  },
};
