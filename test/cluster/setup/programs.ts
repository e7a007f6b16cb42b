import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Installed } from '../../clients/install/client.ts';
import { KUBERNETES_RELEASES, type KubernetesVersion } from './kubernetes.ts';

/** The folder of what is built: `$KEYFERRY_CLUSTER`, or `keyferry/cluster` in the person's cache. */
export function clusterCache(env: NodeJS.ProcessEnv = process.env): string {
  return env['KEYFERRY_CLUSTER'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'keyferry', 'cluster');
}

/** The file of what `npm run setup:cluster` found or made: version → where its programs are, or why not. */
export const programsList = (cache: string): string => join(cache, 'kubernetes.json');

/** The folder of a version's programs, or why they are not there. */
export function findPrograms(version: KubernetesVersion): { readonly folder: string } | { readonly missing: string } {
  let all: Readonly<Record<string, Installed>> = {};
  try {
    all = JSON.parse(readFileSync(programsList(clusterCache()), 'utf8')) as typeof all;
  } catch {
    // Never set up.
  }
  const found = all[version] ?? { skipped: 'not built: npm run setup:cluster' };
  if ('skipped' in found) return { missing: `Kubernetes ${version}: ${found.skipped}` };
  return { folder: dirname(found.programs['kubelet'] as string) };
}

/** A version as a person types it. Throws for one that is not among those built. */
export function parseVersion(text: string): KubernetesVersion {
  const version = Object.entries(KUBERNETES_RELEASES).find((names) => names.includes(text))?.[0];
  if (version === undefined) {
    throw new Error(`Kubernetes ${text} is not built here: ${Object.values(KUBERNETES_RELEASES).join(', ')}`);
  }
  return version as KubernetesVersion;
}
