import { parseAllDocuments, type Document } from 'yaml';
import { inputError, KeyferryError, yamlProblem, type Clock, type Issue } from '#base';
import type { KubeClient } from './client.ts';
import { isReason } from './errors.ts';
import type { KubeObject, ResourceRef } from './types.ts';

/** How manifests are applied. */
export interface ApplyOptions {
  readonly client: Pick<KubeClient, 'getPath' | 'patch'>;
  readonly clock: Clock;
  readonly fieldManager: string;
  /** For objects of namespaced kinds that name none. Default `default`. */
  readonly namespace?: string;
  readonly signal?: AbortSignal;
}

interface ApiResource {
  readonly ref: ResourceRef;
  readonly namespaced: boolean;
}

// A CustomResourceDefinition that came just before needs a moment until its kind is served.
const KIND_TRIES = 25;
const KIND_PAUSE_MS = 200;
/** The deepest schemas of definitions have well below a hundred levels. */
const YAML_LIMITS = { maxDepth: 200, maxEntries: 10_000 };

/** The objects of a YAML text, lists (`kind: List`) taken apart. Throws `invalid-input` with everything that is no object. */
export function parseManifests(text: string): KubeObject[] {
  const issues: Issue[] = [];
  const objects: KubeObject[] = [];
  const problem = yamlProblem(text, YAML_LIMITS);
  if (problem !== undefined) throw inputError('the manifests are wrong', [{ path: '', message: problem }]);
  for (const [index, document] of parseAllDocuments(text).entries()) {
    const path = `document ${index + 1}`;
    if (document.errors.length > 0) {
      issues.push(...document.errors.map(({ message }) => ({ path, message })));
      continue;
    }
    const value = valueOf(document);
    if (value === null) continue;
    if (value === undefined) {
      issues.push({ path, message: 'has aliases that lead nowhere, or too many of them' });
      continue;
    }
    const list = value as { kind?: unknown; items?: unknown };
    for (const item of list.kind === 'List' && Array.isArray(list.items) ? (list.items as unknown[]) : [value]) {
      const object = item as Partial<KubeObject> | null;
      if (typeof object?.apiVersion === 'string' && typeof object.kind === 'string' && object.metadata?.name) {
        objects.push(object as KubeObject);
      } else {
        issues.push({ path, message: 'an object needs apiVersion, kind and metadata.name' });
      }
    }
  }
  if (issues.length > 0) throw inputError('the manifests are wrong', issues);
  return objects;
}

function valueOf(document: Document): unknown {
  try {
    return document.toJS() as unknown;
  } catch {
    return undefined;
  }
}

/** Applies the objects in their order by server-side apply, and answers them as the API server has them then. */
export async function applyManifests(options: ApplyOptions, objects: readonly KubeObject[]): Promise<KubeObject[]> {
  const { client, fieldManager, namespace = 'default', signal } = options;
  const groups = new Map<string, Promise<ReadonlyMap<string, ApiResource>>>();
  const applied: KubeObject[] = [];
  for (const object of objects) {
    const { ref, namespaced } = await findResource(options, groups, object);
    const name = object.metadata.name ?? '';
    const key = namespaced ? { name, namespace: object.metadata.namespace ?? namespace } : { name };
    applied.push(await client.patch(ref, key, { type: 'apply', body: object, fieldManager, force: true }, { signal }));
  }
  return applied;
}

async function findResource(
  { client, clock, signal }: ApplyOptions,
  groups: Map<string, Promise<ReadonlyMap<string, ApiResource>>>,
  { apiVersion, kind }: KubeObject,
): Promise<ApiResource> {
  for (let tries = 1; ; tries += 1) {
    const known = groups.get(apiVersion) ?? discover(client, apiVersion, signal);
    groups.set(apiVersion, known);
    const found = (await known).get(kind);
    if (found !== undefined) return found;
    groups.delete(apiVersion);
    if (tries >= KIND_TRIES) {
      throw new KeyferryError('not-found', `the cluster has no kind ${kind} in ${apiVersion}`, {
        hint: 'Is its CustomResourceDefinition installed?',
      });
    }
    await clock.sleep(KIND_PAUSE_MS, { signal });
  }
}

async function discover(
  client: Pick<KubeClient, 'getPath'>,
  apiVersion: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, ApiResource>> {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/', 2) as [string, string]) : ['', apiVersion];
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  try {
    const { resources } = await client.getPath<{
      resources: readonly { name: string; kind: string; namespaced: boolean }[];
    }>(path, { signal });
    return new Map(
      resources
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, kind, namespaced }) => [kind, { ref: { group, version, resource: name }, namespaced }]),
    );
  } catch (error) {
    if (isReason(error, 'NotFound') || isReason(error, 'Http404')) return new Map();
    throw error;
  }
}
