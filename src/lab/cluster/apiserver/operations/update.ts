import type { KubeObject } from '#kube';
import { admit } from '../admission/admission.ts';
import { jsonEqual, recordOf } from '../json.ts';
import { isCustom } from '../kinds/kind.ts';
import { badRequest, conflict, invalid } from '../status-errors.ts';
import { requireObject, type ApiContext, type Target, type WriteOptions } from './context.ts';
import { decodeObject } from './decode.ts';
import { isGone } from './delete.ts';
import { withoutEmptyMetadata } from './empty-metadata.ts';
import { trackFields, type Manager } from './managed-fields.ts';
import { validateObject } from './validate.ts';
import { fromStored, toStored } from './versions.ts';

/** Replaces the object, or with a subresource the part of it that the subresource stands for. */
export function updateObject(context: ApiContext, target: Target, body: unknown, options: WriteOptions): KubeObject {
  const live = requireObject(context, target);
  const decoded = decodeObject(target, body, options);
  const given = decoded.metadata.name;
  if (given !== undefined && given !== target.name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${target.name})`);
  }
  // what several write at once is never replaced blindly (AllowUnconditionalUpdate of each strategy)
  if (isCustom(target.kind) && !decoded.metadata.resourceVersion && target.subresource !== 'finalize') {
    throw invalid(target.kind, target.name, [
      {
        field: 'metadata.resourceVersion',
        reason: 'FieldValueInvalid',
        value: 0,
        detail: 'must be specified for an update',
      },
    ]);
  }
  return replaceObject(context, target, { live, desired: decoded, options });
}

/** A decoded object that takes the place of `live`. */
export interface Replacement {
  readonly live: KubeObject;
  readonly desired: KubeObject;
  readonly options: WriteOptions;
  /** Who owns its fields after an apply; left out, the change is an update. */
  readonly managers?: readonly Manager[] | undefined;
}

/** Checks versions, keeps what may not change, defaults, admits, validates, notes owners and stores. An equal object is not stored again. */
export function replaceObject(context: ApiContext, target: Target, replacement: Replacement): KubeObject {
  const { kind } = target;
  const { live, desired, options, managers } = replacement;
  checkVersion(target, live, desired);
  const kept = withoutEmptyMetadata(keepParts(target, live, desired));
  const merged = kind.strategy.prepareForUpdate?.(kept, live) ?? kept;
  const defaulted = kind.strategy.defaults?.(merged) ?? merged;
  const admitted = admit(context, { target, verb: 'update', object: defaulted, old: live, options });
  validateObject(kind, admitted, live);
  const counted = withGeneration(target, live, admitted);
  const tracked = trackFields(context, target, { live, desired: counted, options, managers });
  if (sameButManagedTimes(live, tracked)) return live;
  if (options.dryRun) return tracked;
  const stored = context.storage.put(kind.collection, toStored(kind, tracked));
  if (!isGone(kind, stored)) return fromStored(kind, stored);
  return fromStored(kind, context.storage.remove(kind.collection, target.namespace, target.name) ?? stored);
}

function checkVersion(target: Target, live: KubeObject, desired: KubeObject): void {
  const { resourceVersion, uid } = desired.metadata;
  if (uid && uid !== live.metadata.uid) {
    throw conflict(
      target.kind,
      target.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid ?? ''}`,
    );
  }
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) throw conflict(target.kind, target.name);
  if (!live.metadata.deletionTimestamp) return;
  const added = (desired.metadata.finalizers ?? []).filter((name) => !live.metadata.finalizers?.includes(name));
  if (added.length > 0 && target.subresource === undefined) {
    throw invalid(target.kind, target.name, [
      {
        field: 'metadata.finalizers',
        reason: 'FieldValueForbidden',
        detail: `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
      },
    ]);
  }
}

/** The desired object with everything from `live` that this request may not touch. */
function keepParts({ kind, subresource }: Target, live: KubeObject, desired: KubeObject): KubeObject {
  if (subresource === 'status') {
    const { status: _old, ...rest } = live;
    return { ...withStatus(rest as KubeObject, desired['status']), metadata: live.metadata };
  }
  if (subresource === 'finalize') return { ...live, spec: desired['spec'] };
  const { metadata } = desired;
  const kept: KubeObject = {
    ...desired,
    metadata: {
      ...metadata,
      name: live.metadata.name ?? '',
      ...(live.metadata.namespace === undefined ? {} : { namespace: live.metadata.namespace }),
      ...pick(live.metadata, ['uid', 'creationTimestamp', 'resourceVersion', 'generation', 'generateName']),
      ...pick(live.metadata, ['deletionTimestamp', 'deletionGracePeriodSeconds']),
      // a client may hand its own list over (kubectl does, when it moves to server-side apply); left out, it stays
      ...(metadata.managedFields === undefined ? pick(live.metadata, ['managedFields']) : {}),
    },
  };
  if (!kind.subresources.includes('status')) return kept;
  const { status: _new, ...withoutStatus } = kept;
  return withStatus(withoutStatus as KubeObject, live['status']);
}

function withStatus(object: KubeObject, status: unknown): KubeObject {
  return status === undefined ? object : { ...object, status };
}

type Metadata = KubeObject['metadata'];

function pick(source: Metadata, keys: readonly (keyof Metadata)[]): Metadata {
  return Object.fromEntries(keys.filter((key) => source[key] !== undefined).map((key) => [key, source[key]]));
}

function withGeneration({ kind }: Target, live: KubeObject, next: KubeObject): KubeObject {
  if (!kind.countsGenerations) return next;
  const generation = live.metadata.generation ?? 1;
  const changed = !jsonEqual(specPart(bound(live, next)), specPart(next));
  return { ...next, metadata: { ...next.metadata, generation: changed ? generation + 1 : generation } };
}

/** A pod that is given its node is bound to it, which counts as no change of its spec (its binding subresource). */
function bound(live: KubeObject, next: KubeObject): KubeObject {
  const spec = recordOf(live['spec']);
  if (live.kind !== 'Pod' || live.apiVersion !== 'v1' || spec['nodeName']) return live;
  const { nodeName } = recordOf(next['spec']);
  return nodeName === undefined ? live : { ...live, spec: { ...spec, nodeName } };
}

function specPart(object: KubeObject): unknown {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

/** Whether nothing but the times in managedFields differs: then nothing is stored. */
function sameButManagedTimes(live: KubeObject, next: KubeObject): boolean {
  const withoutTimes = (object: KubeObject) => ({
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: (object.metadata.managedFields ?? []).map(({ time: _time, ...entry }) => entry),
    },
  });
  return jsonEqual(withoutTimes(live), withoutTimes(next));
}
