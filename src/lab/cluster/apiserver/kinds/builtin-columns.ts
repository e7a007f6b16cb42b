import type { KubeObject } from '#kube';
import { listOf, recordOf, recordsOf, textOf, textsOf, valueAt } from '../json.ts';
import { count, NONE, size, text } from './cells.ts';
import { AGE_COLUMN, ageOf, column, NAME_COLUMN } from './columns.ts';
import type { Column } from './kind.ts';

function nodeState(node: KubeObject): string {
  const conditions = recordsOf(valueAt(node, ['status', 'conditions']));
  const ready = conditions.find(({ type }) => type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  return valueAt(node, ['spec', 'unschedulable']) === true ? `${state},SchedulingDisabled` : state;
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function nodeRoles({ metadata }: KubeObject): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return [key.slice(ROLE_PREFIX.length)];
    return key === 'kubernetes.io/role' ? [value] : [];
  });
  return roles.sort().join(',') || NONE;
}

function nodeAddress(node: KubeObject, wanted: string): string {
  const found = recordsOf(valueAt(node, ['status', 'addresses'])).find(({ type }) => type === wanted);
  return found === undefined ? NONE : String(found['address']);
}

function subjects(binding: KubeObject, kind: string): string {
  return recordsOf(binding['subjects'])
    .filter((subject) => subject['kind'] === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${String(namespace)}/${String(name)}` : String(name)))
    .join(', ');
}

const CREATED_AT = column('Created At', ({ metadata }) => metadata.creationTimestamp ?? NONE);

const BINDING_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Role', (binding) => `${text(binding, 'roleRef', 'kind')}/${text(binding, 'roleRef', 'name')}`),
  AGE_COLUMN,
  column('Users', (binding) => subjects(binding, 'User'), { wide: true }),
  column('Groups', (binding) => subjects(binding, 'Group'), { wide: true }),
  column('ServiceAccounts', (binding) => subjects(binding, 'ServiceAccount'), { wide: true }),
];

function eventTime(event: KubeObject): string | undefined {
  const times = [
    valueAt(event, ['series', 'lastObservedTime']),
    event['lastTimestamp'] ?? event['deprecatedLastTimestamp'],
    event['eventTime'],
    event['firstTimestamp'] ?? event['deprecatedFirstTimestamp'],
  ];
  return times.find((time): time is string => typeof time === 'string') ?? event.metadata.creationTimestamp;
}

function eventObject(event: KubeObject): string {
  const { kind, name } = recordOf(event['involvedObject'] ?? event['regarding']);
  return `${textOf(kind).toLowerCase()}/${textOf(name)}`;
}

const EVENT_COLUMNS: readonly Column[] = [
  column('Last Seen', (event, nowMs) => ageOf(eventTime(event), nowMs)),
  column('Type', (event) => text(event, 'type')),
  column('Reason', (event) => text(event, 'reason')),
  column('Object', eventObject),
  column('Subobject', (event) => text(event, 'involvedObject', 'fieldPath'), { wide: true }),
  column('Source', (event) => text(event, 'source', 'component') || text(event, 'reportingComponent'), { wide: true }),
  column('Message', (event) => (text(event, 'message') || text(event, 'note')).trim()),
  column(
    'First Seen',
    (event, nowMs) => ageOf((event['firstTimestamp'] as string | undefined) ?? eventTime(event), nowMs),
    { wide: true },
  ),
  column('Count', (event) => count(event, 'series', 'count') || count(event, 'count') || 1, {
    wide: true,
    type: 'integer',
  }),
  { ...NAME_COLUMN, priority: 1 },
];

/** The columns of each kind, as kube-apiserver's printers have them (pkg/printers/internalversion). */
export const COLUMNS = {
  Namespace: [NAME_COLUMN, column('Status', (namespace) => text(namespace, 'status', 'phase')), AGE_COLUMN],
  Node: [
    NAME_COLUMN,
    column('Status', nodeState),
    column('Roles', nodeRoles),
    AGE_COLUMN,
    column('Version', (node) => text(node, 'status', 'nodeInfo', 'kubeletVersion')),
    column('Internal-IP', (node) => nodeAddress(node, 'InternalIP'), { wide: true }),
    column('External-IP', (node) => nodeAddress(node, 'ExternalIP'), { wide: true }),
    column('OS-Image', (node) => text(node, 'status', 'nodeInfo', 'osImage') || '<unknown>', { wide: true }),
    column('Kernel-Version', (node) => text(node, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>', {
      wide: true,
    }),
    column('Container-Runtime', (node) => text(node, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>', {
      wide: true,
    }),
  ],
  ServiceAccount: [
    NAME_COLUMN,
    column('Secrets', (account) => listOf(account['secrets']).length, { type: 'integer' }),
    AGE_COLUMN,
  ],
  Secret: [
    NAME_COLUMN,
    column('Type', (secret) => text(secret, 'type')),
    column('Data', (secret) => size(secret['data']), { type: 'integer' }),
    AGE_COLUMN,
  ],
  ConfigMap: [
    NAME_COLUMN,
    column('Data', (map) => size(map['data']) + size(map['binaryData']), { type: 'integer' }),
    AGE_COLUMN,
  ],
  Event: EVENT_COLUMNS,
  Lease: [NAME_COLUMN, column('Holder', (lease) => text(lease, 'spec', 'holderIdentity')), AGE_COLUMN],
  CSIDriver: [
    NAME_COLUMN,
    column('AttachRequired', (driver) => valueAt(driver, ['spec', 'attachRequired']) !== false, { type: 'boolean' }),
    column('PodInfoOnMount', (driver) => valueAt(driver, ['spec', 'podInfoOnMount']) === true, { type: 'boolean' }),
    column('StorageCapacity', (driver) => valueAt(driver, ['spec', 'storageCapacity']) === true, { type: 'boolean' }),
    column('TokenRequests', (driver) => {
      const requests = recordsOf(valueAt(driver, ['spec', 'tokenRequests']));
      return requests.length === 0 ? '<unset>' : requests.map(({ audience }) => String(audience)).join(',');
    }),
    column('RequiresRepublish', (driver) => valueAt(driver, ['spec', 'requiresRepublish']) === true, {
      type: 'boolean',
    }),
    column('Modes', (driver) => {
      const modes = textsOf(valueAt(driver, ['spec', 'volumeLifecycleModes']));
      return modes.join(',') || NONE;
    }),
    AGE_COLUMN,
  ],
  CSINode: [
    NAME_COLUMN,
    column('Drivers', (node) => listOf(valueAt(node, ['spec', 'drivers'])).length, { type: 'integer' }),
    AGE_COLUMN,
  ],
  Role: [NAME_COLUMN, CREATED_AT],
  ClusterRole: [NAME_COLUMN, CREATED_AT],
  RoleBinding: BINDING_COLUMNS,
  ClusterRoleBinding: BINDING_COLUMNS,
  CustomResourceDefinition: [NAME_COLUMN, CREATED_AT],
} as const satisfies Record<string, readonly Column[]>;
