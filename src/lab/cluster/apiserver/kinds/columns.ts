import type { KubeObject } from '#kube';
import { valueAt } from '../json.ts';
import type { Column } from './kind.ts';

/** How long ago, in the shortest form that `kubectl get` uses: 45s, 5m10s, 3h4m, 2d3h, 40d, 3y10d (duration.HumanDuration). */
export function renderAge(fromMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - fromMs) / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return withRest(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? withRest(years, 'y', days % 365, 'd') : `${years}y`;
}

function withRest(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`;
}

/** The age of an RFC 3339 time; `<unknown>` when there is none. */
export function ageOf(time: string | undefined, nowMs: number): string {
  return time === undefined ? '<unknown>' : renderAge(Date.parse(time), nowMs);
}

/** A text column. */
export function column(
  name: string,
  cell: (object: KubeObject, nowMs: number) => string | number | boolean | null,
  options: { readonly wide?: true; readonly type?: Column['type'] } = {},
): Column {
  return {
    name,
    type: options.type ?? 'string',
    ...(options.wide === true ? { priority: 1 } : {}),
    cell,
  };
}

/** The name of the object. */
export const NAME_COLUMN: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  cell: (object) => object.metadata.name ?? '',
};

/** The time since the object was made. */
export const AGE_COLUMN: Column = column('Age', (object, nowMs) => ageOf(object.metadata.creationTimestamp, nowMs));

/** The columns of a Scale, which has no kind of its own: `kubectl get --subresource=scale`. */
export const SCALE_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  column('Desired', (scale) => Number(valueAt(scale, ['spec', 'replicas']) ?? 0), { type: 'integer' }),
  column('Available', (scale) => Number(valueAt(scale, ['status', 'replicas']) ?? 0), { type: 'integer' }),
  AGE_COLUMN,
];

/** The columns of a kind that has none of its own. */
export const DEFAULT_COLUMNS: readonly Column[] = [NAME_COLUMN, AGE_COLUMN];
