import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { KeyferryError } from '#base';
import { RESOURCES, type KubeClient, type KubeObject, type ResourceRef } from '#kube';
import { packageRoot } from '#lab/session';

/** The kinds that the examples' manifests hold. */
const RESOURCE_OF_KIND: Readonly<Record<string, ResourceRef>> = {
  Pod: RESOURCES.pods,
  ServiceAccount: RESOURCES.serviceaccounts,
  Deployment: { group: 'apps', version: 'v1', resource: 'deployments' },
  SecretProviderClass: { group: 'secrets-store.csi.x-k8s.io', version: 'v1', resource: 'secretproviderclasses' },
};

/** The objects of a manifest of `examples/`, with its `${NAME}`s filled in. */
export async function exampleObjects(
  file: string,
  values: Readonly<Record<string, string>>,
): Promise<readonly KubeObject[]> {
  const text = await readFile(join(packageRoot(), 'examples', file), 'utf8');
  const filled = text.replaceAll(/\$\{([A-Z_]+)\}/g, (_match, name: string) => {
    const value = values[name];
    if (value === undefined) throw new KeyferryError('internal', `${file}: nobody knows \${${name}}`);
    return value;
  });
  return parseAllDocuments(filled).map((document) => document.toJS() as KubeObject);
}

/** Applies objects (server-side apply), one after another. */
export async function applyObjects(client: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const resource = RESOURCE_OF_KIND[object.kind];
    if (resource === undefined) throw new KeyferryError('internal', `the examples hold no ${object.kind}`);
    const { name = '', namespace } = object.metadata;
    await client.patch(resource, { name, namespace }, { type: 'apply', body: object, fieldManager: 'keyferry-demo' });
  }
}
