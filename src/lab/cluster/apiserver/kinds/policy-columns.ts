import type { KubeObject } from '#kube';
import { listOf, recordOf, shown, textOf, textsOf, valueAt } from '../json.ts';
import { count, text } from './cells.ts';
import { AGE_COLUMN, column, NAME_COLUMN } from './columns.ts';
import type { Column } from './kind.ts';

function amount(object: KubeObject, field: string): string {
  return shown(valueAt(object, ['spec', field]) ?? 'N/A');
}

/** Used and allowed amounts of a quota: those of limits, or the others. */
function quotaTexts(quota: KubeObject, limits: boolean): string {
  const { hard, used } = recordOf(quota['status']);
  return Object.entries(recordOf(hard))
    .filter(([name]) => name.startsWith('limits.') === limits)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, most]) => `${name}: ${shown(recordOf(used)[name] ?? '0')}/${shown(most)}`)
    .join(', ');
}

const SHORT_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function accessModes(value: unknown): string {
  const modes = new Set(textsOf(value));
  return Object.entries(SHORT_MODES)
    .filter(([mode]) => modes.has(mode))
    .map(([, short]) => short)
    .join(',');
}

function phase(object: KubeObject): string {
  return object.metadata.deletionTimestamp === undefined ? text(object, 'status', 'phase') : 'Terminating';
}

const VOLUME_ENDING = [
  column('VolumeMode', (object) => text(object, 'spec', 'volumeMode') || '<unset>', { wide: true }),
];
const ATTRIBUTES_CLASS = column(
  'VolumeAttributesClass',
  (object) => text(object, 'spec', 'volumeAttributesClassName') || '<unset>',
);
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

const WEBHOOKS: readonly Column[] = [
  NAME_COLUMN,
  column('Webhooks', (object) => listOf(object['webhooks']).length, { type: 'integer' }),
  AGE_COLUMN,
];

function claimRef(volume: KubeObject): string {
  const { namespace, name } = recordOf(valueAt(volume, ['spec', 'claimRef']));
  return name === undefined ? '' : `${textOf(namespace)}/${textOf(name)}`;
}

function boundOnly(claim: KubeObject, cell: string): string {
  return text(claim, 'spec', 'volumeName') === '' ? '' : cell;
}

/** What `kubectl get` shows of policies, webhook configurations and storage (pkg/printers/internalversion). */
export const POLICY_COLUMNS = {
  PodDisruptionBudget: [
    NAME_COLUMN,
    column('Min Available', (object) => amount(object, 'minAvailable')),
    column('Max Unavailable', (object) => amount(object, 'maxUnavailable')),
    column('Allowed Disruptions', (object) => count(object, 'status', 'disruptionsAllowed'), { type: 'integer' }),
    AGE_COLUMN,
  ],
  PriorityClass: [
    NAME_COLUMN,
    column('Value', (object) => count(object, 'value'), { type: 'integer' }),
    column('Global-Default', (object) => object['globalDefault'] === true, { type: 'boolean' }),
    AGE_COLUMN,
    column('PreemptionPolicy', (object) => text(object, 'preemptionPolicy'), { wide: true }),
  ],
  ResourceQuota: [
    NAME_COLUMN,
    column('Request', (quota) => quotaTexts(quota, false)),
    column('Limit', (quota) => quotaTexts(quota, true)),
    AGE_COLUMN,
  ],
  LimitRange: [NAME_COLUMN, column('Created At', ({ metadata }) => metadata.creationTimestamp ?? '<none>')],
  RuntimeClass: [NAME_COLUMN, column('Handler', (object) => text(object, 'handler')), AGE_COLUMN],
  ValidatingWebhookConfiguration: WEBHOOKS,
  MutatingWebhookConfiguration: WEBHOOKS,
  PersistentVolume: [
    NAME_COLUMN,
    column('Capacity', (volume) => text(volume, 'spec', 'capacity', 'storage')),
    column('Access Modes', (volume) => accessModes(valueAt(volume, ['spec', 'accessModes']))),
    column('Reclaim Policy', (volume) => text(volume, 'spec', 'persistentVolumeReclaimPolicy')),
    column('Status', phase),
    column('Claim', claimRef),
    column('StorageClass', (volume) => text(volume, 'spec', 'storageClassName')),
    ATTRIBUTES_CLASS,
    column('Reason', (volume) => text(volume, 'status', 'reason')),
    AGE_COLUMN,
    ...VOLUME_ENDING,
  ],
  PersistentVolumeClaim: [
    NAME_COLUMN,
    column('Status', phase),
    column('Volume', (claim) => text(claim, 'spec', 'volumeName')),
    column('Capacity', (claim) => boundOnly(claim, text(claim, 'status', 'capacity', 'storage'))),
    column('Access Modes', (claim) => boundOnly(claim, accessModes(valueAt(claim, ['status', 'accessModes'])))),
    column('StorageClass', (claim) => text(claim, 'spec', 'storageClassName')),
    ATTRIBUTES_CLASS,
    AGE_COLUMN,
    ...VOLUME_ENDING,
  ],
  StorageClass: [
    {
      ...NAME_COLUMN,
      cell: ({ metadata }) =>
        (metadata.name ?? '') + (metadata.annotations?.[DEFAULT_CLASS] === 'true' ? ' (default)' : ''),
    },
    column('Provisioner', (object) => text(object, 'provisioner')),
    column('ReclaimPolicy', (object) => text(object, 'reclaimPolicy')),
    column('VolumeBindingMode', (object) => text(object, 'volumeBindingMode')),
    column('AllowVolumeExpansion', (object) => String(object['allowVolumeExpansion'] === true)),
    AGE_COLUMN,
  ],
} as const satisfies Record<string, readonly Column[]>;
