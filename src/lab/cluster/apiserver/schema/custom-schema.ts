import { isRecord, recordOf, type JsonRecord, textsOf } from '../json.ts';
import { builtinSchema } from './builtin-schemas.ts';
import { ANY, type ScalarFormat, type Schema, type StructSchema } from './schema.ts';

const PRESERVE = 'x-kubernetes-preserve-unknown-fields';
const INT_OR_STRING = 'x-kubernetes-int-or-string';
const EMBEDDED = 'x-kubernetes-embedded-resource';

/** The schema of a custom resource, from its definition's openAPIV3Schema; without one, all fields are kept. */
export function customSchema(openapi: unknown): StructSchema {
  const root = isRecord(openapi) ? structOf(openapi, true) : undefined;
  const base: StructSchema = root ?? {
    type: 'struct',
    fields: new Map(),
    required: new Set(),
    atomic: false,
    open: true,
  };
  return { ...base, fields: withObjectFields(base.fields) };
}

/** Every object has apiVersion, kind and metadata, whatever its schema says of them. */
function withObjectFields(fields: ReadonlyMap<string, Schema>): ReadonlyMap<string, Schema> {
  const text: Schema = { type: 'scalar', format: 'string' };
  return new Map<string, Schema>([
    ...fields,
    ['apiVersion', text],
    ['kind', text],
    ['metadata', builtinSchema('ObjectMeta')],
  ]);
}

function convert(source: JsonRecord): Schema {
  if (source[INT_OR_STRING] === true) return { type: 'scalar', format: 'int-or-string' };
  switch (source['type']) {
    case 'object':
      return objectOf(source);
    case 'array':
      return {
        type: 'list',
        items: convert(recordOf(source['items'])),
        listType: listTypeOf(source['x-kubernetes-list-type']),
        keys: textsOf(source['x-kubernetes-list-map-keys']),
      };
    case 'string':
    case 'boolean':
    case 'integer':
    case 'number':
      return { type: 'scalar', format: formatOf(source) };
    default:
      return ANY;
  }
}

function listTypeOf(value: unknown): 'atomic' | 'set' | 'map' {
  return value === 'set' || value === 'map' ? value : 'atomic';
}

function formatOf({ type, format }: JsonRecord): ScalarFormat {
  if (type === 'boolean') return 'boolean';
  if (type === 'integer') return format === 'int32' ? 'int32' : 'int64';
  // formats of strings are the validator's: a wrong one is a 422, not a decoding error
  return type === 'number' ? 'double' : 'string';
}

function objectOf(source: JsonRecord): Schema {
  const { additionalProperties, properties } = source;
  const atomic = source['x-kubernetes-map-type'] === 'atomic';
  if (isRecord(additionalProperties) && !isRecord(properties)) {
    return { type: 'map', values: convert(additionalProperties), atomic };
  }
  if (additionalProperties === true && !isRecord(properties)) return { type: 'map', values: ANY, atomic };
  return structOf(source, false);
}

function structOf(source: JsonRecord, isRoot: boolean): StructSchema {
  const properties = Object.entries(recordOf(source['properties']));
  const fields = new Map(properties.map(([name, inner]) => [name, convert(recordOf(inner))]));
  return {
    type: 'struct',
    fields: source[EMBEDDED] === true && !isRoot ? withObjectFields(fields) : fields,
    required: new Set(textsOf(source['required'])),
    atomic: source['x-kubernetes-map-type'] === 'atomic',
    open: source[PRESERVE] === true || source['additionalProperties'] === true,
  };
}

/** `value` with the defaults that the schema names, where a field is missing (structural schema defaulting). */
export function withSchemaDefaults(openapi: JsonRecord, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = recordOf(openapi['items']);
    return value.map((item: unknown) => withSchemaDefaults(items, item));
  }
  if (!isRecord(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [field, inner] of Object.entries(recordOf(openapi['properties']))) {
    const schema = recordOf(inner);
    const missing = filled[field] === undefined || (filled[field] === null && schema['nullable'] !== true);
    if (missing && schema['default'] !== undefined) filled[field] = schema['default'];
    if (filled[field] !== undefined) filled[field] = withSchemaDefaults(schema, filled[field]);
  }
  const { additionalProperties } = openapi;
  if (isRecord(additionalProperties)) {
    const known = recordOf(openapi['properties']);
    for (const field of Object.keys(filled)) {
      if (!(field in known)) filled[field] = withSchemaDefaults(additionalProperties, filled[field]);
    }
  }
  return filled;
}
