import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAzLab, type AzLab } from './support/az-lab.ts';

// The stand-in loads its libraries when it first needs them; that a bundle still finds them shows only when it runs.
let lab: AzLab;
let folder: string;

const MAIN = `
  import { runAz } from '#lab/session/az';
  import { systemClock, systemRandom } from '#base';
  process.exitCode = await runAz(process.argv.slice(2), {
    env: process.env, isTty: false, clock: systemClock, random: systemRandom, signal: new AbortController().signal,
    stdout: (text) => process.stdout.write(text), stderr: (text) => process.stderr.write(text),
    readStdin: async () => '',
  });`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'az-bundle-'));
  const root = join(import.meta.dirname, '..', '..');
  await build({
    stdin: { contents: MAIN, resolveDir: join(root, 'src'), loader: 'ts' },
    absWorkingDir: root,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'silent',
  });
  lab = await startAzLab();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

it('sends requests, applies queries and writes YAML from a bundle', async () => {
  const run = async (...words: string[]) =>
    (await promisify(execFile)(process.execPath, [join(folder, 'stdin.mjs'), ...words], { env: lab.env })).stdout;
  expect(await run('group', 'create', '-n', 'rg', '-l', 'eastus', '--query', 'name', '-o', 'yaml')).toBe('rg\n');
});
