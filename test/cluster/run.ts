// `npm run test:cluster [-- --version 1.34] [--within 15m] [FILE…]`: the tests on clusters of real programs, one version after
// the other; with `--figures` what is measured there. Skipping is no failure; what is skipped, and why, is printed and stands in
// build/cluster-report.json.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder } from '../clients/install/cache.ts';
import { installClient } from '../clients/install/install-client.ts';
import { kubectlAndHelm } from '../clients/install/kubectl-and-helm.ts';
import { signalOfProcess } from '../clients/install/process-signal.ts';
import { optionsOfProcess } from './setup/options.ts';
import { mergeReports } from './setup/report.ts';
import { setUp } from './setup/set-up.ts';

const root = dirname(dirname(import.meta.dirname));
const build = join(root, 'build');
const FIGURES = join(import.meta.dirname, 'figures.ts');
mkdirSync(build, { recursive: true });
const { words, figures, ...options } = optionsOfProcess();
const signal = signalOfProcess();

const image = join(build, 'cluster-image.tar');
const reports: string[] = [];

await run().catch((error: unknown) => {
  // After Ctrl-C nobody asks why.
  if (!signal.aborted) throw error;
});

async function run(): Promise<void> {
  const helm = await installClient(kubectlAndHelm, cacheFolder(), signal);
  const versions =
    'skipped' in helm
      ? Object.fromEntries(options.versions.map((version) => [version, { skipped: `no helm: ${helm.skipped}` }]))
      : await setUp({ ...options, signal });

  const skipped: string[] = [];
  let imageIsMade = false;
  for (const [version, result] of Object.entries(versions)) {
    if ('skipped' in result) {
      skipped.push(`Kubernetes ${version}: ${result.skipped}`);
      continue;
    }
    if (!imageIsMade) imageIsMade = await makeImage();
    const programs = [result, helm].flatMap((installed) =>
      'skipped' in installed ? [] : Object.values(installed.programs).map((program) => dirname(program)),
    );
    const env = {
      KEYFERRY_KUBERNETES: version,
      KEYFERRY_IMAGE: image,
      PATH: [...new Set(programs), process.env['PATH']].join(delimiter),
    };
    const passed = figures ? await runNode(['--import', 'tsx', FIGURES], env) : await runTests(version, env);
    if (!passed) process.exitCode ??= 1;
    signal.throwIfAborted();
  }
  for (const line of skipped) console.log(`SKIPPED ${line}`);
  if (!figures) mergeReports(reports, skipped, join(build, 'cluster-report.json'));
}

async function makeImage(): Promise<true> {
  const made = await runNode(['--import', 'tsx', join(root, 'tools/image/main.ts'), '--output', image]);
  if (!made) throw new Error('the image could not be made');
  return true;
}

/** Runs the tests on one version, with a report of their own. */
function runTests(version: string, env: Readonly<Record<string, string>>): Promise<boolean> {
  const report = join(build, `cluster-report-${version}.json`);
  rmSync(report, { force: true });
  reports.push(report);
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config=vitest.cluster.config.ts'];
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
  return runNode([...vitest, ...reporters, ...words], env);
}

/** Runs Node to its end; answers whether it ended well. */
async function runNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<boolean> {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0;
}
