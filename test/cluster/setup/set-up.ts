import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockCache } from '../../clients/install/cache.ts';
import type { Installed } from '../../clients/install/client.ts';
import { isInstalled } from '../../clients/install/install-client.ts';
import { stepRunner } from '../../clients/install/programs.ts';
import { buildVersions } from './build-versions.ts';
import { kubernetes, type KubernetesVersion } from './kubernetes.ts';
import { whyNoCluster } from './machine.ts';
import { installPackages } from './packages.ts';
import { clusterCache, programsList } from './programs.ts';

/** What is to be set up. */
export interface SetUpOptions {
  readonly versions: readonly KubernetesVersion[];
  /** How long builds may take together. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/** Installs and builds what clusters run on; answers what there is of each version, or why it is skipped, and prints that. */
export async function setUp({
  versions,
  withinMs,
  signal,
}: SetUpOptions): Promise<Readonly<Record<string, Installed>>> {
  const cache = clusterCache();
  mkdirSync(cache, { recursive: true });
  // What is there already can be used while another set-up builds another version.
  const isBuilt = versions.every((version) => isInstalled(kubernetes(version), cache));
  const onWait = () => console.error(`waiting for another set-up of ${cache}`);
  using _lock = isBuilt ? undefined : await lockCache(cache, onWait);
  const missing =
    (await whyNoCluster()) ?? (await installPackages(stepRunner(join(cache, 'packages.log'), { signal })));
  const results =
    missing === undefined
      ? await buildVersions(versions, { cache, withinMs, signal })
      : Object.fromEntries(versions.map((version) => [version, { skipped: missing }]));
  signal.throwIfAborted();
  for (const [version, result] of Object.entries(results)) {
    console.log('skipped' in result ? `SKIPPED Kubernetes ${version}: ${result.skipped}` : result.version);
  }
  const list = programsList(cache);
  writeFileSync(`${list}.new`, JSON.stringify({ ...known(list), ...results }, null, 2));
  renameSync(`${list}.new`, list);
  return results;
}

/** What earlier runs found or made. */
function known(list: string): Record<string, Installed> {
  try {
    return JSON.parse(readFileSync(list, 'utf8')) as Record<string, Installed>;
  } catch {
    return {};
  }
}
