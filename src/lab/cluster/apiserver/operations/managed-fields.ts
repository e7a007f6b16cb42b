import type { KubeObject } from '#kube';
import { groupVersion } from '../kinds/kind.ts';
import {
  changedPlaces,
  fieldSetOf,
  isWithin,
  minus,
  parseFieldsV1,
  placeOf,
  renderFieldsV1,
  type FieldSet,
} from '../patch/field-set.ts';
import { rfc3339 } from '../time.ts';
import type { ApiContext, Target, WriteOptions } from './context.ts';

/** Who owns which fields by what kind of change (one entry of metadata.managedFields). */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly places: FieldSet;
}

/** A change whose owner is to be noted. */
export interface FieldChange {
  /** The object before; undefined on create. */
  readonly live: KubeObject | undefined;
  readonly desired: KubeObject;
  readonly options: WriteOptions;
  /** The managers after an apply; left out, the change is an update and they follow from what it changes. */
  readonly managers?: readonly Manager[] | undefined;
}

/** Places that nobody owns: the server sets them, or they only name the object. */
const UNOWNED = [
  ['f:apiVersion'],
  ['f:kind'],
  ...[
    'name',
    'namespace',
    'generateName',
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'selfLink',
    'managedFields',
  ].map((field) => ['f:metadata', `f:${field}`]),
].map(placeOf);

/** The places that can be owned among `places`. */
export function ownable(places: FieldSet): Set<string> {
  return new Set(
    [...places].filter((place) => place !== 'f:metadata' && !UNOWNED.some((outer) => isWithin(place, outer))),
  );
}

/** The managers that an object names. */
export function managersOf(object: KubeObject | undefined): Manager[] {
  return (object?.metadata.managedFields ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
    time: entry.time,
    places: parseFieldsV1(entry.fieldsV1),
  }));
}

/** `desired` with metadata.managedFields brought up to date. */
export function trackFields(context: ApiContext, target: Target, change: FieldChange): KubeObject {
  const managers = change.managers ?? managersAfterUpdate(context, target, change);
  const entries = managers
    .filter(({ places }) => places.size > 0)
    .map(({ manager, operation, apiVersion, subresource, time, places }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: renderFieldsV1(places),
      ...(subresource === '' ? {} : { subresource }),
    }));
  const { managedFields: _before, ...metadata } = change.desired.metadata;
  return {
    ...change.desired,
    metadata: { ...metadata, ...(entries.length === 0 ? {} : { managedFields: entries }) },
  };
}

/** Whoever changes a field owns it from then on, and nobody else does; a field that is gone is nobody's. */
function managersAfterUpdate(context: ApiContext, target: Target, change: FieldChange): Manager[] {
  const { live, desired, options } = change;
  const { schema } = target.kind;
  const changed = ownable(changedPlaces(schema, live, desired));
  const present = fieldSetOf(schema, desired);
  const self = {
    manager: options.fieldManager,
    operation: 'Update',
    apiVersion: groupVersion(target.kind),
    subresource: target.subresource ?? '',
  } as const;
  const isSelf = (other: Manager) =>
    other.manager === self.manager &&
    other.operation === self.operation &&
    other.apiVersion === self.apiVersion &&
    other.subresource === self.subresource;
  const before = managersOf(desired);
  const mine = before.find(isSelf);
  const places = new Set([...[...(mine?.places ?? [])].filter((place) => present.has(place)), ...changed]);
  const time = changed.size > 0 || mine === undefined ? rfc3339(context.clock.now()) : mine.time;
  const updated: Manager = { ...self, time, places };
  const others = before
    .filter((other) => !isSelf(other))
    .map((other) => ({
      ...other,
      places: new Set([...minus(other.places, changed)].filter((place) => present.has(place))),
    }));
  return [...others, updated];
}
