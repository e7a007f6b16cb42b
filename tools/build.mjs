// Bundles each process of src/cmd into dist/. Each is built by itself: a chunk that processes share would make the small
// ones load what only the large ones need. What a process imports lazily becomes a chunk of its own.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';

const root = dirname(import.meta.dirname);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
rmSync(join(root, 'dist'), { recursive: true, force: true });

/**
 * The Azure libraries ask of each body whether it is a FormData, and Node loads its whole fetch client for the mere word: 20 ms
 * of the first mount on a node, and some megabytes. Nothing in these two processes makes one.
 */
const withoutFetch = { FormData: 'undefined' };

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['@lydell/node-pty', 'koffi'],
  minifyWhitespace: true,
  define: { KEYFERRY_VERSION: JSON.stringify(version) },
  legalComments: 'none',
  logLevel: 'warning',
};

const modules = ['cli', 'lab', 'az', 'lab-clock'].map((name) =>
  build({
    ...common,
    entryPoints: [`src/cmd/${name}.ts`],
    outdir: 'dist',
    chunkNames: `${name}-[name]-[hash]`,
    splitting: true,
    format: 'esm',
    // Bundled CommonJS packages call require for Node's own modules.
    banner: {
      js: "import { createRequire as keyferryRequire } from 'node:module'; const require = keyferryRequire(import.meta.url);",
    },
  }),
);

// One script each, for bin/load-daemon.mjs; what they import lazily is in it, and is compiled when it is asked for.
const DAEMONS = ['node', 'provider'];
const daemons = DAEMONS.map((name) =>
  build({
    ...common,
    entryPoints: [`src/cmd/${name}.ts`],
    outfile: `dist/${name}.cjs`,
    format: 'cjs',
    charset: 'ascii',
    metafile: true,
    define: { ...common.define, ...withoutFetch },
    // A script that V8 takes from a cache has no import().
    supported: { 'dynamic-import': false },
  }),
);
const [built] = await Promise.all([Promise.all(daemons), ...modules]);

// Whose code is in the daemons: the image tells it, and has their licences.
const packages = built
  .flatMap(({ metafile }) => Object.values(metafile.outputs))
  .flatMap(({ inputs }) => Object.entries(inputs))
  .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  .flatMap(([path]) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []);
writeFileSync(join(root, 'dist', 'packages.json'), JSON.stringify([...new Set(packages)].sort(), undefined, 2));

// What the first start and the first call compile, kept. Without it they take longer, and all is as it was.
for (const name of DAEMONS) {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'tools/code-cache.ts', name], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) console.error(`${stderr}\nkeyferry ${name} has no code cache, and starts more slowly`);
}
