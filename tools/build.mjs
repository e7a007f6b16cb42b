// Bundles each process of src/cmd into dist/. Each is built by itself: a chunk that processes share would make the small
// ones load what only the large ones need. What a process imports lazily becomes a chunk of its own.
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = dirname(import.meta.dirname);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
rmSync(join(root, 'dist'), { recursive: true, force: true });

/**
 * The Azure libraries ask of each body whether it is a FormData, and Node loads its whole fetch client for the mere word: 20 ms
 * of the first mount on a node, and some megabytes. Nothing in these two processes makes one.
 */
const withoutFetch = { FormData: 'undefined' };
const DEFINES = { node: withoutFetch, provider: withoutFetch };

await Promise.all(
  ['cli', 'lab', 'az', 'node', 'provider', 'lab-clock'].map((name) =>
    build({
      absWorkingDir: root,
      entryPoints: [`src/cmd/${name}.ts`],
      outdir: 'dist',
      chunkNames: `${name}-[name]-[hash]`,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: ['@lydell/node-pty', 'koffi'],
      minifyWhitespace: true,
      define: { KEYFERRY_VERSION: JSON.stringify(version), ...DEFINES[name] },
      // Bundled CommonJS packages call require for Node's own modules.
      banner: {
        js: "import { createRequire as keyferryRequire } from 'node:module'; const require = keyferryRequire(import.meta.url);",
      },
      legalComments: 'none',
      logLevel: 'warning',
    }),
  ),
);
