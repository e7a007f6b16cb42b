import { valueAt } from '../json.ts';
import { builtinSchema } from '../schema/builtin-schemas.ts';
import { COLUMNS } from './builtin-columns.ts';
import { DEFAULT_COLUMNS } from './columns.ts';
import { POD_COLUMNS } from './pod-columns.ts';
import {
  CORE_EVENT_FIELDS,
  CORE_EVENT_READERS,
  eventFromStored,
  eventToStored,
  EVENTS_FIELDS,
} from './event-versions.ts';
import { crdStrategy } from './crd-strategy.ts';
import { configMapStrategy, namespaceStrategy, secretStrategy } from './core-strategies.ts';
import { csiDriverStrategy } from './csi-strategies.ts';
import { podStrategy } from './pod-strategy.ts';
import { bindingStrategy, roleStrategy } from './rbac-strategies.ts';
import { NETWORK_COLUMNS } from './network-columns.ts';
import { NETWORK_KINDS } from './network-kinds.ts';
import { POLICY_COLUMNS } from './policy-columns.ts';
import { POLICY_KINDS } from './policy-kinds.ts';
import { WORKLOAD_COLUMNS } from './workload-columns.ts';
import { WORKLOAD_KINDS } from './workload-kinds.ts';
import type { KindRow } from './kind-row.ts';
import type { Column, Kind } from './kind.ts';

const RBAC = 'rbac.authorization.k8s.io';
/** Kinds that are not of the other tables. */
const CORE_KINDS: readonly KindRow[] = [
  {
    kind: 'Namespace',
    resource: 'namespaces',
    shortNames: ['ns'],
    clusterScoped: true,
    names: 'label',
    subresources: ['status', 'finalize'],
    selectableFields: ['status.phase'],
    strategy: namespaceStrategy,
  },
  {
    kind: 'Node',
    resource: 'nodes',
    shortNames: ['no'],
    clusterScoped: true,
    subresources: ['status'],
    selectableFields: ['spec.unschedulable'],
    fieldReaders: { 'spec.unschedulable': (node) => valueAt(node, ['spec', 'unschedulable']) === true },
  },
  {
    kind: 'Pod',
    resource: 'pods',
    shortNames: ['po'],
    categories: ['all'],
    subresources: ['status', 'log', 'exec', 'attach', 'eviction'],
    selectableFields: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
    fieldReaders: { 'spec.hostNetwork': (pod) => valueAt(pod, ['spec', 'hostNetwork']) === true },
    countsGenerations: true,
    strategy: podStrategy,
  },
  { kind: 'ServiceAccount', resource: 'serviceaccounts', shortNames: ['sa'], subresources: ['token'] },
  { kind: 'Secret', resource: 'secrets', selectableFields: ['type'], strategy: secretStrategy },
  { kind: 'ConfigMap', resource: 'configmaps', shortNames: ['cm'], strategy: configMapStrategy },
  {
    kind: 'Event',
    resource: 'events',
    shortNames: ['ev'],
    typeName: 'CoreV1Event',
    selectableFields: CORE_EVENT_FIELDS,
    fieldReaders: CORE_EVENT_READERS,
  },
  {
    group: 'events.k8s.io',
    kind: 'Event',
    resource: 'events',
    shortNames: ['ev'],
    typeName: 'EventsV1Event',
    selectableFields: EVENTS_FIELDS,
    collection: { group: '', resource: 'events' },
    fromStored: eventFromStored,
    toStored: eventToStored,
  },
  { group: 'coordination.k8s.io', kind: 'Lease', resource: 'leases' },
  {
    group: 'storage.k8s.io',
    kind: 'CSIDriver',
    resource: 'csidrivers',
    clusterScoped: true,
    strategy: csiDriverStrategy,
  },
  { group: 'storage.k8s.io', kind: 'CSINode', resource: 'csinodes', clusterScoped: true },
  { group: RBAC, kind: 'Role', resource: 'roles', names: 'path', strategy: roleStrategy },
  { group: RBAC, kind: 'RoleBinding', resource: 'rolebindings', names: 'path', strategy: bindingStrategy },
  {
    group: RBAC,
    kind: 'ClusterRole',
    resource: 'clusterroles',
    clusterScoped: true,
    names: 'path',
    strategy: roleStrategy,
  },
  {
    group: RBAC,
    kind: 'ClusterRoleBinding',
    resource: 'clusterrolebindings',
    clusterScoped: true,
    names: 'path',
    strategy: bindingStrategy,
  },
  {
    group: 'apiextensions.k8s.io',
    kind: 'CustomResourceDefinition',
    resource: 'customresourcedefinitions',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    clusterScoped: true,
    subresources: ['status'],
    countsGenerations: true,
    strategy: crdStrategy,
  },
];

const COLUMNS_BY_KIND: Readonly<Record<string, readonly Column[]>> = {
  ...COLUMNS,
  ...WORKLOAD_COLUMNS,
  ...NETWORK_COLUMNS,
  ...POLICY_COLUMNS,
  Pod: POD_COLUMNS,
};

const ROWS = [...CORE_KINDS, ...WORKLOAD_KINDS, ...NETWORK_KINDS, ...POLICY_KINDS];

/** Every built-in kind that is served. A new kind is a new row in one of the tables. */
export const BUILTIN_KINDS: readonly Kind[] = ROWS.map((row): Kind => {
  const group = row.group ?? '';
  const version = row.version ?? 'v1';
  return {
    group,
    version,
    resource: row.resource,
    singular: row.kind.toLowerCase(),
    kind: row.kind,
    listKind: `${row.kind}List`,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    namespaced: row.clusterScoped !== true,
    subresources: row.subresources ?? [],
    schema: builtinSchema(row.typeName ?? row.kind),
    columns: COLUMNS_BY_KIND[row.kind] ?? DEFAULT_COLUMNS,
    selectableFields: row.selectableFields ?? [],
    ...(row.fieldReaders === undefined ? {} : { fieldReaders: row.fieldReaders }),
    ...(row.deprecation === undefined ? {} : { deprecation: row.deprecation }),
    names: row.names ?? 'subdomain',
    countsGenerations: row.countsGenerations === true,
    strategy: row.strategy ?? {},
    collection: row.collection ?? { group, resource: row.resource },
    storageVersion: row.storageVersion ?? (row.collection === undefined ? version : 'core/v1'),
    ...(row.fromStored === undefined ? {} : { fromStored: row.fromStored }),
    ...(row.toStored === undefined ? {} : { toStored: row.toStored }),
  };
});
