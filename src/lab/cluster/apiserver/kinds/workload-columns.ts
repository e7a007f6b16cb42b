import type { KubeObject } from '#kube';
import { listOf, recordOf, recordsOf, shown, textOf, valueAt } from '../json.ts';
import { containersOf, count, labelsText, NONE, selectorText, text } from './cells.ts';
import { AGE_COLUMN, ageOf, column, NAME_COLUMN, renderAge } from './columns.ts';
import type { Column } from './kind.ts';

const CONTAINERS = [
  column('Containers', (object) => containersOf(object, 'name'), { wide: true }),
  column('Images', (object) => containersOf(object, 'image'), { wide: true }),
];

const WIDE = [
  ...CONTAINERS,
  column('Selector', (object) => selectorText(valueAt(object, ['spec', 'selector'])), { wide: true }),
];

function number(name: string, ...path: readonly string[]): Column {
  return column(name, (object) => count(object, ...path), { type: 'integer' });
}

function jobState(job: KubeObject): string {
  const conditions = recordsOf(valueAt(job, ['status', 'conditions']));
  const has = (type: string) => conditions.some((one) => one['type'] === type && one['status'] === 'True');
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running';
}

function jobCompletions(job: KubeObject): string {
  const done = count(job, 'status', 'succeeded');
  const wanted = valueAt(job, ['spec', 'completions']);
  if (typeof wanted === 'number') return `${done}/${wanted}`;
  const parallelism = count(job, 'spec', 'parallelism');
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function jobDuration(job: KubeObject, nowMs: number): string {
  const { startTime, completionTime } = recordOf(job['status']);
  if (typeof startTime !== 'string') return '';
  return renderAge(Date.parse(startTime), typeof completionTime === 'string' ? Date.parse(completionTime) : nowMs);
}

function controllerOf(object: KubeObject): string {
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return NONE;
  const [group] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : [''];
  const kind = group ? `${owner.kind}.${group}` : owner.kind;
  return `${kind.toLowerCase()}/${owner.name}`;
}

const REPLICAS = [
  number('Desired', 'spec', 'replicas'),
  number('Current', 'status', 'replicas'),
  number('Ready', 'status', 'readyReplicas'),
  AGE_COLUMN,
];

/** What `kubectl get` shows of workloads (pkg/printers/internalversion). */
export const WORKLOAD_COLUMNS = {
  Deployment: [
    NAME_COLUMN,
    column('Ready', (object) => `${count(object, 'status', 'readyReplicas')}/${count(object, 'spec', 'replicas')}`),
    number('Up-to-date', 'status', 'updatedReplicas'),
    number('Available', 'status', 'availableReplicas'),
    AGE_COLUMN,
    ...WIDE,
  ],
  ReplicaSet: [NAME_COLUMN, ...REPLICAS, ...WIDE],
  ReplicationController: [
    NAME_COLUMN,
    ...REPLICAS,
    ...CONTAINERS,
    column('Selector', (object) => labelsText(valueAt(object, ['spec', 'selector'])), { wide: true }),
  ],
  StatefulSet: [
    NAME_COLUMN,
    column('Ready', (object) => `${count(object, 'status', 'readyReplicas')}/${count(object, 'spec', 'replicas')}`),
    AGE_COLUMN,
    ...CONTAINERS,
  ],
  DaemonSet: [
    NAME_COLUMN,
    number('Desired', 'status', 'desiredNumberScheduled'),
    number('Current', 'status', 'currentNumberScheduled'),
    number('Ready', 'status', 'numberReady'),
    number('Up-to-date', 'status', 'updatedNumberScheduled'),
    number('Available', 'status', 'numberAvailable'),
    column('Node Selector', (object) => labelsText(valueAt(object, ['spec', 'template', 'spec', 'nodeSelector']))),
    AGE_COLUMN,
    ...WIDE,
  ],
  ControllerRevision: [
    NAME_COLUMN,
    column('Controller', controllerOf),
    column('Revision', (object) => count(object, 'revision'), { type: 'integer' }),
    AGE_COLUMN,
  ],
  PodTemplate: [
    NAME_COLUMN,
    column('Containers', (object) => containersOf(object, 'name', ['template', 'spec', 'containers'])),
    column('Images', (object) => containersOf(object, 'image', ['template', 'spec', 'containers'])),
    column('Pod Labels', (object) => labelsText(valueAt(object, ['template', 'metadata', 'labels']))),
  ],
  Job: [
    NAME_COLUMN,
    column('Status', jobState),
    column('Completions', jobCompletions),
    column('Duration', jobDuration),
    AGE_COLUMN,
    ...WIDE,
  ],
  CronJob: [
    NAME_COLUMN,
    column('Schedule', (object) => text(object, 'spec', 'schedule')),
    column('Timezone', (object) => text(object, 'spec', 'timeZone') || NONE),
    column('Suspend', (object) => (valueAt(object, ['spec', 'suspend']) === true ? 'True' : 'False')),
    column('Active', (object) => listOf(valueAt(object, ['status', 'active'])).length, { type: 'integer' }),
    column('Last Schedule', (object, nowMs) => {
      const last = textOf(valueAt(object, ['status', 'lastScheduleTime']));
      return last === '' ? NONE : ageOf(last, nowMs);
    }),
    AGE_COLUMN,
    column('Containers', (object) => containersOf(object, 'name', CRON_CONTAINERS), { wide: true }),
    column('Images', (object) => containersOf(object, 'image', CRON_CONTAINERS), { wide: true }),
    column('Selector', (object) => selectorText(valueAt(object, ['spec', 'jobTemplate', 'spec', 'selector'])), {
      wide: true,
    }),
  ],
  HorizontalPodAutoscaler: [
    NAME_COLUMN,
    column(
      'Reference',
      (object) => `${text(object, 'spec', 'scaleTargetRef', 'kind')}/${text(object, 'spec', 'scaleTargetRef', 'name')}`,
    ),
    column('Targets', autoscalerTargets),
    column('MinPods', (object) => shown(valueAt(object, ['spec', 'minReplicas']) ?? '<unset>')),
    column('MaxPods', (object) => String(count(object, 'spec', 'maxReplicas'))),
    column('Replicas', (object) => String(count(object, 'status', 'currentReplicas'))),
    AGE_COLUMN,
  ],
} as const satisfies Record<string, readonly Column[]>;

const CRON_CONTAINERS = ['spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers'];

/** Targets of an autoscaler. Nothing measures in the lab, so the current values are not known. */
function autoscalerTargets(object: KubeObject): string {
  const targets = recordsOf(valueAt(object, ['spec', 'metrics'])).map((metric) => {
    const type = textOf(metric['type']);
    const source = recordOf(metric[type.charAt(0).toLowerCase() + type.slice(1)]);
    const { averageValue, averageUtilization, value } = recordOf(source['target']);
    if (type === 'Resource' || type === 'ContainerResource') {
      const wanted = averageValue ?? (averageUtilization === undefined ? '<auto>' : `${shown(averageUtilization)}%`);
      return `${textOf(source['name'])}: <unknown>/${shown(wanted)}`;
    }
    if (type === 'Pods') return `<unknown>/${shown(averageValue)}`;
    return averageValue === undefined ? `<unknown>/${shown(value)}` : `<unknown>/${shown(averageValue)} (avg)`;
  });
  if (targets.length === 0) return NONE;
  const first = targets.slice(0, 2).join(', ');
  return targets.length > 2 ? `${first} + ${targets.length - 2} more...` : first;
}
