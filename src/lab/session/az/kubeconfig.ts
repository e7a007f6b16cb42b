import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AzError } from './errors.ts';
import { homeOf, type AzIo } from './io.ts';
import { isObject, objectsAt, textAt, type Json, type JsonObject } from './json.ts';
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
  /** Name the context NAME-admin, so that it does not replace the user's. */
  readonly admin: boolean;
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
  const merged = await mergeKubeconfigs(read(existing, merge.path), addition, async (entry, section) => {
    if (merge.overwrite) return;
    const question = `A different object named ${entry} already exists in your kubeconfig file.\nOverwrite? (y/n): `;
    if (/^y/i.test((await io.ask?.(question)) ?? '')) return;
    throw new AzError(
      'error',
      `A different object named ${entry} already exists in ${section} in your kubeconfig file.`,
      { recommendation: 'To replace it, add --overwrite-existing.' },
    );
  });
  // A link is followed: the file that it names is replaced, not the link.
  const target = await realpath(merge.path).catch(() => merge.path);
  await writePrivateFile(target, renderYaml(merged), io.random);
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
  const merged: Record<string, Json | undefined> = {
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    ...existing,
    'current-context': addition['current-context'],
  };
  for (const section of ['clusters', 'users', 'contexts']) {
    let entries = objectsAt(existing, section);
    for (const entry of objectsAt(addition, section)) {
      const name = textAt(entry, 'name') ?? '';
      const same = entries.find((other) => textAt(other, 'name') === name);
      if (same !== undefined && JSON.stringify(same) !== JSON.stringify(entry)) await onConflict(name, section);
      entries = [...entries.filter((other) => other !== same), entry];
    }
    merged[section] = entries;
  }
  return merged;
}

function renameContext(config: JsonObject, { contextName, admin }: KubeconfigMerge): JsonObject {
  const current = textAt(config, 'current-context');
  const wanted = contextName ?? (admin && current !== undefined ? `${current}-admin` : undefined);
  if (wanted === undefined || current === undefined) return config;
  const contexts = objectsAt(config, 'contexts').map((entry) =>
    textAt(entry, 'name') === current ? { ...entry, name: wanted } : entry,
  );
  return { ...config, contexts, 'current-context': wanted };
}
