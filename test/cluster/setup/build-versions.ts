import { linkSignals, systemClock, WORK_IS_OVER } from '#base';
import type { Installed } from '../../clients/install/client.ts';
import { installClient, isInstalled } from '../../clients/install/install-client.ts';
import { kubernetes, type KubernetesVersion } from './kubernetes.ts';

/** What the build of a version takes on two cores; a later one in the same run is judged by the one before. */
const BUILD_MS = 8 * 60_000;

/**
 * Builds versions one after the other, or finds them built. None is begun that would not be done `withinMs` after the start,
 * and one that then still runs is given up; what Go had compiled stays in its cache.
 */
export async function buildVersions(
  versions: readonly KubernetesVersion[],
  { cache, withinMs, signal }: { readonly cache: string; readonly withinMs: number; readonly signal: AbortSignal },
): Promise<Record<string, Installed>> {
  const results: Record<string, Installed> = {};
  const beganMs = systemClock.monotonic();
  let expectedMs = BUILD_MS;
  for (const version of versions) {
    const client = kubernetes(version);
    const startMs = systemClock.monotonic();
    const leftMs = beganMs + withinMs - startMs;
    const isBuilt = isInstalled(client, cache);
    if (!isBuilt && leftMs < expectedMs) {
      const [takes, left] = [inMinutes(expectedMs), inMinutes(Math.max(leftMs, 0))];
      results[version] = { skipped: `not built: that takes about ${takes} minutes, and ${left} of --within are left` };
      continue;
    }
    using limited = linkSignals(signal);
    const over = new AbortController();
    const limit = systemClock.sleep(leftMs, { signal: over.signal }).then(
      () => limited.abort(),
      () => {},
    );
    const result = await installClient(client, cache, isBuilt ? signal : limited.signal);
    over.abort(WORK_IS_OVER);
    await limit;
    const gaveUp = limited.signal.aborted && 'skipped' in result;
    results[version] = gaveUp ? { skipped: `its build was given up after ${inMinutes(withinMs)} minutes` } : result;
    if (!isBuilt) expectedMs = systemClock.monotonic() - startMs;
  }
  return results;
}

const inMinutes = (ms: number) => Math.round(ms / 6_000) / 10;
