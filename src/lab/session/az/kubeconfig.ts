import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AzError } from './errors.ts';
import { homeOf, type AzIo } from './io.ts';
import { isObject, objectsAt, textAt, type Json, type JsonObject } from './json.ts';
import { renderJson, sortKeys } from './output.ts';
import { writePrivateFile } from './private-file.ts';

/** The kubeconfig that az writes to without --file: the first of `KUBECONFIG`, else `~/.kube/config`. */
export function kubeconfigPath(env: AzIo['env']): string {
  return env['KUBECONFIG']?.split(':').find((path) => path !== '') ?? join(homeOf(env), '.kube', 'config');
}

/** What is merged into a kubeconfig, and how. */
export interface KubeconfigMerge {
  readonly path: string;
  /** The kubeconfig (YAML) that is added. */
  readonly addition: string;
  /** Replace entries of the same name instead of asking. */
  readonly overwrite: boolean;
  readonly contextName: string | undefined;
}

/** Merges a kubeconfig into a file (mode 0600) and answers the name of the context that is now the current one. */
export async function mergeKubeconfigFile(io: AzIo, merge: KubeconfigMerge): Promise<string> {
  const { parseYaml, renderYaml } = await import('./yaml-text.ts');
  const read = (text: string, what: string): JsonObject => {
    try {
      const parsed = parseYaml(text);
      return isObject(parsed) ? parsed : {};
    } catch (error) {
      throw new AzError('error', `Error parsing ${what} (${(error as Error).message})`, { cause: error });
    }
  };
  const addition = renameContext(read(merge.addition, 'the credentials of the cluster'), merge);
  const existing = await readFile(merge.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new AzError('error', `cannot read ${merge.path}: ${error.message}`, { cause: error });
  });
  const before = read(existing, merge.path);
  const onConflict = async (entry: string, section: string) => {
    if (merge.overwrite) return;
    const question = `A different object named ${entry} already exists in your kubeconfig file.\nOverwrite? (y/n): `;
    if (/^y/i.test((await io.ask?.(question)) ?? '')) return;
    throw new AzError(
      'error',
      `A different object named ${entry} already exists in ${section} in your kubeconfig file.`,
      { recommendation: 'To replace it, add --overwrite-existing.' },
    );
  };
  // Without a kubeconfig the cluster's own is written as it is.
  const merged = Object.keys(before).length === 0 ? addition : await mergeKubeconfigs(before, addition, onConflict);
  // A link is followed: the file that it names is replaced, not the link.
  const target = await realpath(merge.path).catch(() => merge.path);
  await writePrivateFile(target, renderYaml(sortKeys(merged)), io.random);
  return textAt(merged, 'current-context') ?? '';
}

/**
 * The existing kubeconfig with the entries of the addition. `onConflict` is asked before an entry of the same name and
 * other content is replaced, and stops the merge by throwing.
 */
export async function mergeKubeconfigs(
  existing: JsonObject,
  addition: JsonObject,
  onConflict: (name: string, section: string) => Promise<void>,
): Promise<JsonObject> {
  const merged: Record<string, Json | undefined> = { ...existing, 'current-context': addition['current-context'] };
  for (const section of ['clusters', 'users', 'contexts']) {
    let entries = objectsAt(existing, section);
    for (const entry of objectsAt(addition, section)) {
      const name = textAt(entry, 'name') ?? '';
      const same = entries.find((other) => textAt(other, 'name') === name);
      if (same !== undefined && renderJson(same) !== renderJson(entry)) await onConflict(name, section);
      entries = [...entries.filter((other) => other !== same), entry];
    }
    merged[section] = entries;
  }
  return merged;
}

/**
 * The cluster's kubeconfig under the name that was asked for, which its cluster gets too; the context of an
 * administrator ends in `-admin`, so that it does not replace the user's.
 */
function renameContext(config: JsonObject, { contextName }: KubeconfigMerge): JsonObject {
  const [cluster, context] = [objectsAt(config, 'clusters')[0], objectsAt(config, 'contexts')[0]];
  if (cluster === undefined || context === undefined) return config;
  const isAdmin = textAt(context, 'context.user')?.startsWith('clusterAdmin') === true;
  if (contextName === undefined && !isAdmin) return config;
  const clusterName = contextName ?? textAt(cluster, 'name') ?? '';
  const name = `${contextName ?? textAt(context, 'name')}${isAdmin ? '-admin' : ''}`;
  const details = isObject(context['context']) ? context['context'] : {};
  return {
    ...config,
    clusters: [{ ...cluster, name: clusterName }, ...objectsAt(config, 'clusters').slice(1)],
    contexts: [
      { ...context, name, context: { ...details, cluster: clusterName } },
      ...objectsAt(config, 'contexts').slice(1),
    ],
    'current-context': name,
  };
}
