import type { KubeObject } from '#kube';
import { isRecord, jsonEqual, recordOf } from '../json.ts';
import { groupVersion } from '../kinds/kind.ts';
import { mergeApplied } from '../patch/apply-merge.ts';
import {
  fieldSetOf,
  isWithin,
  minus,
  renderPlace,
  valueAtPlace,
  withoutPlace,
  type FieldSet,
} from '../patch/field-set.ts';
import type { Schema } from '../schema/schema.ts';
import { badRequest, notFound, statusError } from '../status-errors.ts';
import { rfc3339 } from '../time.ts';
import type { ApiContext, Target, WriteOptions } from './context.ts';
import { insertObject } from './create.ts';
import { decodeObject } from './decode.ts';
import { managersOf, ownable, type Manager } from './managed-fields.ts';
import { replaceObject } from './update.ts';
import { fromStored } from './versions.ts';

/** How an apply was asked for. */
export interface ApplyOptions extends WriteOptions {
  /** Take fields over from other managers. */
  readonly force: boolean;
}

/**
 * Server-side apply (KEP-555): makes the object hold what `body` says, remembers that `fieldManager` owns it, and takes
 * away what this manager said before and says no more, unless another owns it too. Throws 409 that names every field
 * which another manager owns with another value.
 */
export function applyObject(
  context: ApiContext,
  target: Target,
  body: unknown,
  options: ApplyOptions,
): { readonly object: KubeObject; readonly created: boolean } {
  const { kind } = target;
  if (!isRecord(body)) throw badRequest('the object provided is not a JSON object');
  if (recordOf(body['metadata'])['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
  const config = ownParts(target, decodeObject(target, body, options));
  const { name = target.name } = config.metadata;
  if (name !== target.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
  }
  const stored = context.storage.get(kind.collection, target.namespace, target.name);
  const live = stored === undefined ? undefined : fromStored(kind, stored);
  if (live === undefined && target.subresource !== undefined) throw notFound(kind, target.name);
  const applied = ownable(fieldSetOf(kind.schema, config));
  const before = managersOf(live);
  const self = selfOf(target, options);
  const others = before.filter((other) => !isSame(other, self));
  const previous = before.find((other) => isSame(other, self))?.places ?? new Set<string>();

  const conflicts = live === undefined ? [] : conflictsWith(kind.schema, live, config, applied, others);
  if (conflicts.length > 0 && !options.force) throw conflictError(conflicts);
  const taken = new Set(conflicts.map(({ place }) => place));
  const managers = [
    ...others.map((other) => ({ ...other, places: minus(other.places, taken) })),
    { ...self, time: timeOf(context, before, self, applied), places: applied },
  ];
  if (live === undefined) {
    return { object: insertObject(context, target, config, options, managers), created: true };
  }
  const merged = mergeApplied(kind.schema, live, config);
  const desired = removeDropped(kind.schema, merged, minus(previous, applied), managers) as KubeObject;
  return { object: replaceObject(context, target, { live, desired, options, managers }), created: false };
}

/** The part of the configuration that the request can set: the status belongs to its subresource. */
function ownParts({ kind, subresource }: Target, config: KubeObject): KubeObject {
  if (!kind.subresources.includes('status')) return config;
  const { status, ...rest } = config;
  if (subresource !== 'status') return rest as KubeObject;
  const { apiVersion, metadata } = config;
  return { apiVersion, kind: config.kind, metadata: pickNames(metadata), ...(status === undefined ? {} : { status }) };
}

function pickNames({ name, namespace }: KubeObject['metadata']): KubeObject['metadata'] {
  return { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) };
}

type Self = Omit<Manager, 'time' | 'places'>;

function selfOf({ kind, subresource = '' }: Target, { fieldManager }: ApplyOptions): Self {
  return { manager: fieldManager, operation: 'Apply', apiVersion: groupVersion(kind), subresource };
}

/** An applier stays the same one when it moves to another version of the kind. */
function isSame(other: Manager, self: Self): boolean {
  return other.operation === 'Apply' && other.manager === self.manager && other.subresource === self.subresource;
}

/** The time of the last change of what is owned, so that applying the same again changes nothing. */
function timeOf(context: ApiContext, before: readonly Manager[], self: Self, applied: FieldSet): string {
  const mine = before.find((other) => isSame(other, self));
  const same = mine !== undefined && mine.places.size === applied.size && minus(mine.places, applied).size === 0;
  return same && mine.time !== undefined ? mine.time : rfc3339(context.clock.now());
}

interface FieldConflict {
  readonly manager: Manager;
  readonly place: string;
}

function conflictsWith(
  schema: Schema,
  live: KubeObject,
  config: KubeObject,
  applied: FieldSet,
  others: readonly Manager[],
): FieldConflict[] {
  return others.flatMap((manager) =>
    [...manager.places].flatMap((place): FieldConflict[] => {
      if (!applied.has(place)) return [];
      const wanted = valueAtPlace(schema, config, place);
      const found = valueAtPlace(schema, live, place);
      // an item or a map that both have is shared; what is inside it has places of its own
      const inner = [...applied].some((other) => other !== place && isWithin(other, place));
      return inner || found === undefined || jsonEqual(wanted, found) ? [] : [{ manager, place }];
    }),
  );
}

/** Takes away what the manager no longer says, the outermost first, unless somebody else owns it or something within it. */
function removeDropped(schema: Schema, merged: unknown, dropped: FieldSet, managers: readonly Manager[]): unknown {
  const outermostFirst = [...dropped].sort((a, b) => a.length - b.length);
  return outermostFirst.reduce<unknown>((object, place) => {
    const owned = managers.some(({ places }) => [...places].some((other) => isWithin(other, place)));
    return owned ? object : withoutPlace(schema, object, place);
  }, merged);
}

function conflictError(conflicts: readonly FieldConflict[]): Error {
  const byManager = new Map<string, string[]>();
  for (const { manager, place } of conflicts) {
    const name = managerText(manager);
    byManager.set(name, [...(byManager.get(name) ?? []), renderPlace(place)]);
  }
  const texts = [...byManager].map(([name, places]) =>
    places.length === 1
      ? `conflict with ${name}: ${places[0] ?? ''}`
      : `conflicts with ${name}:\n${places.map((place) => `- ${place}`).join('\n')}`,
  );
  return statusError({
    code: 409,
    reason: 'Conflict',
    message: `Apply failed with ${conflicts.length} ${conflicts.length === 1 ? 'conflict' : 'conflicts'}: ${texts.join('\n')}`,
    details: {
      causes: conflicts.map(({ manager, place }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${managerText(manager)}`,
        field: renderPlace(place),
      })),
    },
  });
}

function managerText({ manager, operation, subresource, apiVersion }: Manager): string {
  const name = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource "${subresource}"`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
