import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What a process of the image loads beside its own bundle. */
export interface RuntimeFiles {
  /** Shared libraries and the dynamic linker, absolute, as the dynamic linker names them. */
  readonly libraries: readonly string[];
  /** Files below `node_modules`, from the package root. */
  readonly modules: readonly string[];
}

interface Probe {
  readonly modules: readonly string[];
  readonly objects: readonly string[];
  readonly staleCaches: readonly string[];
}

/**
 * Run by the Node that goes into the image: loads the two bundles with their code caches and koffi, and tells what came along.
 * Node's own report has the libraries, so that neither `ldd` nor a list for each architecture is needed.
 */
const PROBE = `
  const { loadDaemon } = await import(process.cwd() + '/bin/load-daemon.mjs');
  const staleCaches = ['node', 'provider'].filter(
    (name) => loadDaemon(process.cwd() + '/dist/' + name + '.cjs').script.cachedDataRejected !== false,
  );
  const { createRequire } = await import('node:module');
  const require = createRequire(process.cwd() + '/dist/');
  require('koffi');
  process.report.excludeNetwork = true;
  const { sharedObjects } = process.report.getReport();
  console.log(JSON.stringify({ modules: Object.keys(require.cache), objects: sharedObjects, staleCaches }));
`;

/** Starts this process's Node once, in the package root. Throws when it cannot load the bundles, or not with their code caches. */
export function findRuntimeFiles(root: string): RuntimeFiles {
  if (!existsSync(join(root, 'dist/packages.json')))
    throw new Error('dist/ is missing or of an older build: npm run build');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', PROBE], {
    cwd: root,
    encoding: 'utf8',
    env: {},
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`the bundles in dist/ cannot be loaded:\n${stderr}`);
  const { modules, objects, staleCaches } = JSON.parse(stdout) as Probe;
  if (staleCaches.length > 0) {
    throw new Error(
      `the code cache of dist/${staleCaches.join('.cjs and dist/')}.cjs is missing or of another Node than ${process.version}: npm run build with this one`,
    );
  }
  return {
    libraries: objects.filter((path) => path.startsWith('/') && !path.endsWith('.node')),
    modules: modules.map((path) => relative(root, path)),
  };
}
