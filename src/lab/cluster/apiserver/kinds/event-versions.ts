import type { KubeObject } from '#kube';
import { valueAt } from '../json.ts';
import type { FieldReaders } from './kind.ts';

/** Fields that core/v1 events can be selected by. */
export const CORE_EVENT_FIELDS = [
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.name',
  'involvedObject.uid',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'reason',
  'reportingComponent',
  'source',
  'type',
] as const;

/** An event's source is its component, whichever of the two fields says it (registry/core/event). */
export const CORE_EVENT_READERS: FieldReaders = {
  source: (event) => valueAt(event, ['source', 'component']) || event['reportingComponent'],
};

/** Fields that events.k8s.io/v1 events can be selected by. */
export const EVENTS_FIELDS = [
  'regarding.kind',
  'regarding.namespace',
  'regarding.name',
  'regarding.uid',
  'regarding.apiVersion',
  'regarding.resourceVersion',
  'regarding.fieldPath',
  'reason',
  'reportingController',
  'type',
] as const;

/** Fields that have another name in core/v1 than in events.k8s.io/v1; all others have the same. */
const NAMES: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

/** A stored (core/v1) event as events.k8s.io/v1. */
export function eventFromStored(event: KubeObject): KubeObject {
  return { ...renamed(event, new Map(NAMES)), apiVersion: 'events.k8s.io/v1' };
}

/** An events.k8s.io/v1 event as it is stored. */
export function eventToStored(event: KubeObject): KubeObject {
  const back = new Map(NAMES.map(([core, events]) => [events, core]));
  return { ...renamed(event, back), apiVersion: 'v1' };
}

function renamed(event: KubeObject, names: ReadonlyMap<string, string>): KubeObject {
  return Object.fromEntries(
    Object.entries(event).map(([field, value]) => [names.get(field) ?? field, value]),
  ) as unknown as KubeObject;
}
