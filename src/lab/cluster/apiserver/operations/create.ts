import { nameSuffix } from '#base';
import type { KubeObject } from '#kube';
import { admit } from '../admission/admission.ts';
import { isCustom, type Kind } from '../kinds/kind.ts';
import { rfc3339 } from '../time.ts';
import { alreadyExists, badRequest, invalid } from '../status-errors.ts';
import type { ApiContext, Target, WriteOptions } from './context.ts';
import { decodeObject } from './decode.ts';
import { withoutEmptyMetadata } from './empty-metadata.ts';
import { trackFields, type Manager } from './managed-fields.ts';
import { validateObject } from './validate.ts';
import { fromStored, toStored } from './versions.ts';

const MAX_GENERATED_BASE = 58;

/** Creates the object of `body` and answers it as it was stored, in the target's version. */
export function createObject(context: ApiContext, target: Target, body: unknown, options: WriteOptions): KubeObject {
  const decoded = decodeObject(target, body, options);
  return insertObject(context, target, decoded, options);
}

/** Stores a decoded object that is not there yet. `managers` own its fields after an apply. */
export function insertObject(
  context: ApiContext,
  target: Target,
  decoded: KubeObject,
  options: WriteOptions,
  managers?: readonly Manager[],
): KubeObject {
  const { kind } = target;
  if (decoded.metadata.resourceVersion !== undefined && decoded.metadata.resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  if (kind.namespaced && !target.namespace) throw badRequest('an empty namespace may not be set during creation');
  const named = nameObject(context, target, decoded);
  const name = named.metadata.name ?? '';
  const fresh = withoutEmptyMetadata(withSystemFields(context, target, named));
  const prepared = kind.strategy.prepareForCreate?.(fresh, context) ?? fresh;
  const defaulted = kind.strategy.defaults?.(prepared) ?? prepared;
  const admitted = admit(context, { target: { ...target, name }, verb: 'create', object: defaulted, options });
  validateObject(kind, admitted, undefined);
  if (context.storage.get(kind.collection, target.namespace, name) !== undefined) throw alreadyExists(kind, name);
  const tracked = trackFields(context, target, { live: undefined, desired: admitted, options, managers });
  if (options.dryRun) return tracked;
  return fromStored(kind, context.storage.put(kind.collection, toStored(kind, tracked)));
}

function nameObject(context: ApiContext, target: Target, object: KubeObject): KubeObject {
  const { name, generateName } = object.metadata;
  if (name) {
    if (target.name !== '' && target.name !== name) {
      throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
    }
    return object;
  }
  if (target.name !== '') return { ...object, metadata: { ...object.metadata, name: target.name } };
  if (!generateName) {
    throw invalid(target.kind, '', [
      { field: 'metadata.name', reason: 'FieldValueRequired', detail: 'name or generateName is required' },
    ]);
  }
  const generated = generateName.slice(0, MAX_GENERATED_BASE) + nameSuffix(context.random);
  return { ...object, metadata: { ...object.metadata, name: generated } };
}

function withSystemFields(context: ApiContext, { kind }: Target, object: KubeObject): KubeObject {
  const {
    resourceVersion: _resourceVersion,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _grace,
    selfLink: _selfLink,
    generation: _generation,
    managedFields: _managedFields,
    ...metadata
  } = object.metadata;
  const { status, ...rest } = object;
  return {
    ...rest,
    ...firstStatus(kind, status),
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      ...metadata,
      uid: context.random.uuid(),
      creationTimestamp: rfc3339(context.clock.now()),
      ...(kind.countsGenerations ? { generation: 1 } : {}),
    },
  };
}

/** Clients write a status through its subresource only. Built-in types are Go structs, whose status is there, if empty. */
function firstStatus(kind: Kind, given: unknown): { readonly status?: unknown } {
  if (!kind.subresources.includes('status')) return given === undefined ? {} : { status: given };
  return isCustom(kind) ? {} : { status: {} };
}
