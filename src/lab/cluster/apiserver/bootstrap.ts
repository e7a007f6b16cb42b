import { recordOf } from './json.ts';
import { BOOTSTRAP_ROLES } from './auth/bootstrap-roles.ts';
import { SYSTEM_USER } from './access.ts';
import type { ApiContext } from './operations/context.ts';
import { createObject } from './operations/create.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Puts in what every cluster has from its first moment: its namespaces and the bootstrap roles. What is there stays as it is. */
export function seedCluster(context: ApiContext): void {
  const objects = [
    ...NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...BOOTSTRAP_ROLES,
  ];
  for (const object of objects) {
    const { apiVersion, kind: kindName } = object;
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const kind = context.kinds.findKind({ group: group ?? '', version: version ?? '', kind: kindName });
    if (kind === undefined) throw new Error(`the kind ${kindName} is not served`);
    const { namespace, name } = recordOf(object.metadata) as { namespace?: string; name: string };
    if (context.storage.get(kind.collection, namespace, name) !== undefined) continue;
    createObject(context, { kind, namespace, name }, object, {
      user: SYSTEM_USER,
      dryRun: false,
      fieldValidation: 'Strict',
      fieldManager: 'kube-apiserver',
      warnings: [],
    });
  }
}
