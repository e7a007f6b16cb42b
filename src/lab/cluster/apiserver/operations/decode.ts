import type { KubeObject } from '#kube';
import { isRecord, recordOf, type JsonRecord } from '../json.ts';
import { groupVersion, isCustom, type Kind } from '../kinds/kind.ts';
import { builtinSchema } from '../schema/builtin-schemas.ts';
import { checkFields } from '../schema/check-fields.ts';
import { badRequest } from '../status-errors.ts';
import type { Target, WriteOptions } from './context.ts';

/** A request's body as an object of the target's kind: unknown fields refused, warned of or dropped. Throws 400. */
export function decodeObject(target: Target, body: unknown, options: WriteOptions): KubeObject {
  const { kind } = target;
  if (!isRecord(body)) throw badRequest('the object provided is not a JSON object');
  const { apiVersion = groupVersion(kind), kind: bodyKind = kind.kind } = body;
  if (apiVersion !== groupVersion(kind)) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${groupVersion(kind)})`,
    );
  }
  if (bodyKind !== kind.kind) {
    throw badRequest(`the kind in the data (${String(bodyKind)}) does not match the expected kind (${kind.kind})`);
  }
  const checked = checkFields(kind.schema, { ...body, apiVersion, kind: kind.kind });
  // a custom resource is decoded whatever its fields are: their types are for its schema to check
  const [mistyped] = isCustom(kind)
    ? checked.mistyped.filter((problem) => problem.startsWith('metadata'))
    : checked.mistyped;
  if (mistyped !== undefined) {
    throw badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${mistyped}`);
  }
  reportUnknownFields(kind, checked.unknown, options);
  const object = checked.value as unknown as KubeObject;
  return { ...object, metadata: inNamespace(target, recordOf(object.metadata)) };
}

/** A body that is no object of the storage, such as a Scale or DeleteOptions, with every value of its type. Throws 400. */
export function decodeOptions(typeName: string, body: unknown): JsonRecord {
  if (!isRecord(body)) throw badRequest('the object provided is not a JSON object');
  const { value, mistyped } = checkFields(builtinSchema(typeName), body);
  const [problem] = mistyped;
  if (problem !== undefined) throw badRequest(`the object provided is unrecognized: ${problem}`);
  return value;
}

/** Refuses the fields or warns of them, as the request asked. */
export function reportUnknownFields(kind: Kind, unknown: readonly string[], options: WriteOptions): void {
  if (unknown.length === 0 || options.fieldValidation === 'Ignore') return;
  const texts = unknown.map((path) => `unknown field "${path}"`);
  if (options.fieldValidation === 'Warn') {
    options.warnings.push(...texts);
    return;
  }
  throw badRequest(
    `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${texts.join(', ')}`,
  );
}

function inNamespace(target: Target, metadata: KubeObject['metadata']): KubeObject['metadata'] {
  if (!target.kind.namespaced) {
    const { namespace: _namespace, ...rest } = metadata;
    return rest;
  }
  if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== target.namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  return target.namespace === undefined ? metadata : { ...metadata, namespace: target.namespace };
}
