import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../../clients/install/client.ts';
import { outputOf, type RunStep } from '../../clients/install/programs.ts';

/** The releases that are built, by what `--version` and the tests call them. */
export const KUBERNETES_RELEASES = { '1.34': '1.34.4', '1.36': '1.36.3' } as const;

/** One of {@link KUBERNETES_RELEASES}. */
export type KubernetesVersion = keyof typeof KUBERNETES_RELEASES;

/** The one that takes longest first: the others then find most of what they need compiled. */
const PROGRAMS = ['kube-apiserver', 'kubelet', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubectl'];

/** Kubernetes' programs, built from its Go module. */
export function kubernetes(version: KubernetesVersion): Client {
  const release = KUBERNETES_RELEASES[version];
  return {
    name: `kubernetes-${version}`,
    summary: `Kubernetes ${release} (Go module proxy; 7 to 8 minutes on two cores the first time)`,
    inputs: [release, ...PROGRAMS, importsOf(PROGRAMS)],
    async missing() {
      return outputOf('go', ['version']).then(
        () => undefined,
        () => 'no go on the PATH',
      );
    },
    install: (folder, run) => build(release, folder, run),
    // How long it may take is for --within to say.
    stepTimeoutMs: 3_600_000,
    programs: Object.fromEntries(PROGRAMS.map((name) => [name, join('bin', name)])),
    version: (folder) => outputOf(join(folder, 'bin', 'kubelet'), ['--version']),
  };
}

/**
 * `go install k8s.io/kubernetes/cmd/…@version` cannot work: the module's go.mod replaces its staging modules by folders of its own
 * repository. A module of one's own can name their published versions instead, which are v0.34.4 for v1.34.4.
 */
async function build(release: string, folder: string, run: RunStep): Promise<void> {
  const source = join(folder, 'source');
  await mkdir(source);
  const go = (...args: readonly string[]) =>
    run('go', args, { cwd: source, env: { CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false', GOWORK: 'off' } });
  await writeFile(join(source, 'go.mod'), 'module programs\n');
  await go('mod', 'download', `k8s.io/kubernetes@v${release}`);
  const modules = await outputOf('go', ['env', 'GOMODCACHE']);
  const upstream = await readFile(join(modules, `cache/download/k8s.io/kubernetes/@v/v${release}.mod`), 'utf8');
  await writeFile(join(source, 'go.mod'), moduleOf(upstream, release));
  await writeFile(join(source, 'programs.go'), importsOf(PROGRAMS));
  await go('mod', 'tidy');

  const [major, minor] = release.split('.');
  const variables = { gitVersion: `v${release}`, gitMajor: major, gitMinor: minor };
  const ldflags = [
    '-s -w',
    ...Object.entries(variables).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`),
  ].join(' ');
  for (const [index, program] of PROGRAMS.entries()) {
    console.error(`  building ${program} ${release} (${index + 1} of ${PROGRAMS.length})`);
    const path = join(folder, 'bin', program);
    await go('build', '-trimpath', '-ldflags', ldflags, '-o', path, `k8s.io/kubernetes/cmd/${program}`);
  }
}

/** The go.mod of a module that needs the programs of a release: Kubernetes' own language version and staging modules. */
export function moduleOf(upstream: string, release: string): string {
  const go = /^go (\S+)$/m.exec(upstream)?.[1];
  const godebug = /^(?:godebug )?\s*default=(\S+)$/m.exec(upstream)?.[1];
  const staging = [...upstream.matchAll(/^\s*(?:replace )?(k8s\.io\/\S+) => \.\/staging\//gm)].map(([, name]) => name);
  if (go === undefined || staging.length === 0) throw new Error(`go.mod of Kubernetes ${release} is not as expected`);
  const published = release.replace(/^1\./, '0.');
  return [
    'module programs',
    `go ${go}`,
    ...(godebug === undefined ? [] : [`godebug default=${godebug}`]),
    `require k8s.io/kubernetes v${release}`,
    ...staging.map((name) => `replace ${name} => ${name} v${published}`),
    '',
  ].join('\n');
}

/** A Go file that needs the programs, so that `go mod tidy` keeps the checksums of all that they need. */
function importsOf(programs: readonly string[]): string {
  const imports = programs.map((name) => `import _ "k8s.io/kubernetes/cmd/${name}"\n`).join('');
  return `//go:build programs\n\npackage programs\n\n${imports}`;
}
