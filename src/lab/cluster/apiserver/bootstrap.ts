import { recordOf } from './json.ts';
import { BOOTSTRAP_ROLES } from './auth/bootstrap-roles.ts';
import { SYSTEM_USER } from './access.ts';
import { API_SERVER_ADDRESS } from './admission/service-addresses.ts';
import { SYSTEM_PRIORITY_CLASSES } from './kinds/policy-strategies.ts';
import type { ApiContext, Target, WriteOptions } from './operations/context.ts';
import { createObject } from './operations/create.ts';
import { updateObject } from './operations/update.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Puts in what every cluster has from its first moment: its namespaces, the bootstrap roles and the system's priority classes. What is there stays as it is. */
export function seedCluster(context: ApiContext): void {
  const objects = [
    ...NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...BOOTSTRAP_ROLES,
    ...SYSTEM_PRIORITY_CLASSES,
  ];
  for (const object of objects) {
    const target = targetOf(context, object);
    if (context.storage.get(target.kind.collection, target.namespace, target.name) !== undefined) continue;
    createObject(context, target, object, OPTIONS);
  }
}

/** Keeps the Service `kubernetes` and its endpoints, as the API server of any cluster does: where this one listens. */
export function publishApiServer(
  context: ApiContext,
  where: { readonly address: string; readonly port: number },
): void {
  const { address, port } = where;
  const metadata = { name: 'kubernetes', namespace: 'default' };
  const ports = [{ name: 'https', port, protocol: 'TCP' }];
  const objects = [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        type: 'ClusterIP',
        clusterIP: API_SERVER_ADDRESS,
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [{ addresses: [{ ip: address }], ports }],
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports,
    },
  ];
  for (const object of objects) {
    const target = targetOf(context, object);
    const present = context.storage.get(target.kind.collection, target.namespace, target.name) !== undefined;
    if (present) updateObject(context, target, object, OPTIONS);
    else createObject(context, target, object, OPTIONS);
  }
}

const OPTIONS: WriteOptions = {
  user: SYSTEM_USER,
  dryRun: false,
  fieldValidation: 'Strict',
  fieldManager: 'kube-apiserver',
  warnings: [],
};

interface SeedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: unknown;
}

function targetOf(context: ApiContext, { apiVersion, kind: kindName, metadata }: SeedObject): Target {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const kind = context.kinds.findKind({ group: group ?? '', version: version ?? '', kind: kindName });
  if (kind === undefined) throw new Error(`the kind ${kindName} is not served`);
  const { namespace, name } = recordOf(metadata) as { namespace?: string; name: string };
  return { kind, namespace, name };
}
