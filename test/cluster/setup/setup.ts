// Builds what `npm run test:cluster` runs, once for each version, and says what it has and what it skips and why.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDuration } from '#base';
import { lockCache } from '../../clients/install/cache.ts';
import type { Installed } from '../../clients/install/client.ts';
import { stepRunner } from '../../clients/install/programs.ts';
import { buildVersions } from './build-versions.ts';
import { KUBERNETES_RELEASES } from './kubernetes.ts';
import { whyNoCluster } from './machine.ts';
import { installPackages } from './packages.ts';
import { clusterCache, parseVersion, programsList } from './programs.ts';

const { values } = parseArgs({
  options: {
    version: { type: 'string', multiple: true, default: Object.keys(KUBERNETES_RELEASES) },
    within: { type: 'string', default: '1h' },
  },
});
const withinMs = parseDuration(values.within);
if (withinMs === undefined) throw new Error(`--within ${values.within}: a duration like 15m or 90s is needed`);
const versions = values.version.map(parseVersion);

const cache = clusterCache();
mkdirSync(cache, { recursive: true });
using _lock = await lockCache(cache, () => console.error(`waiting for another set-up of ${cache}`));
const stop = new AbortController();
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    process.exitCode = exitCode;
    stop.abort();
  });
}

const packages = stepRunner(join(cache, 'packages.log'), { signal: stop.signal });
const missing = (await whyNoCluster()) ?? (await installPackages(packages));
const built: Record<string, Installed> =
  missing === undefined
    ? await buildVersions(versions, { cache, withinMs, signal: stop.signal })
    : Object.fromEntries(versions.map((version) => [version, { skipped: missing }]));
if (!stop.signal.aborted) {
  for (const [version, result] of Object.entries(built)) {
    console.log('skipped' in result ? `SKIPPED Kubernetes ${version}: ${result.skipped}` : result.version);
  }
  const list = programsList(cache);
  writeFileSync(`${list}.new`, JSON.stringify({ ...known(list), ...built }, null, 2));
  renameSync(`${list}.new`, list);
}

/** What earlier runs found or made. */
function known(list: string): Record<string, Installed> {
  try {
    return JSON.parse(readFileSync(list, 'utf8')) as Record<string, Installed>;
  } catch {
    return {};
  }
}
