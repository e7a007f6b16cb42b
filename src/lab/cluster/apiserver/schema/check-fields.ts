import { isRecord, type JsonRecord } from '../json.ts';
import { fieldSchema, type ScalarFormat, type Schema } from './schema.ts';

/** An object without the fields that its schema does not know, and the paths of those fields. */
export interface CheckedFields<T> {
  readonly value: T;
  /** As Kubernetes names them: `spec.containers[0].foo`. */
  readonly unknown: readonly string[];
  /** Values that cannot be read as their type, in the words of Go's JSON decoder. */
  readonly mistyped: readonly string[];
}

/** Walks `value` along `schema`: drops unknown fields and nulls (as Go's decoder does) and finds values of a wrong type. */
export function checkFields<T>(schema: Schema, value: T): CheckedFields<T> {
  const unknown: string[] = [];
  const mistyped: string[] = [];
  const walk = (at: Schema, part: unknown, path: string): unknown => {
    if (at.type === 'any' || part === null || part === undefined) return part;
    if (at.type === 'scalar') {
      const problem = scalarProblem(at.format, part);
      if (problem !== undefined) mistyped.push(`${path}: ${problem}`);
      return part;
    }
    if (at.type === 'list') {
      if (!Array.isArray(part)) {
        mistyped.push(`${path}: cannot unmarshal ${goTypeOf(part)} into a list`);
        return part;
      }
      return part.map((item: unknown, index) => walk(at.items, item, `${path}[${index}]`));
    }
    if (!isRecord(part)) {
      mistyped.push(`${path}: cannot unmarshal ${goTypeOf(part)} into ${at.type === 'map' ? 'a map' : 'an object'}`);
      return part;
    }
    return walkObject(at, part, path);
  };
  const walkObject = (at: Schema, part: JsonRecord, path: string): JsonRecord => {
    const kept: Record<string, unknown> = {};
    for (const [field, inner] of Object.entries(part)) {
      const next = path === '' ? field : `${path}.${field}`;
      const schemaOfField = fieldSchema(at, field);
      if (schemaOfField === undefined) unknown.push(next);
      else if (inner !== null || schemaOfField.type === 'any' || at.type === 'map') {
        kept[field] = walk(schemaOfField, inner, next);
      }
    }
    return kept;
  };
  return { value: walk(schema, value, '') as T, unknown, mistyped };
}

function scalarProblem(format: ScalarFormat, value: unknown): string | undefined {
  switch (format) {
    case 'string':
    case 'byte':
      return typeof value === 'string'
        ? undefined
        : `json: cannot unmarshal ${goTypeOf(value)} into Go value of type string`;
    case 'boolean':
      return typeof value === 'boolean'
        ? undefined
        : `json: cannot unmarshal ${goTypeOf(value)} into Go value of type bool`;
    case 'int32':
    case 'int64':
      return Number.isInteger(value)
        ? undefined
        : `json: cannot unmarshal ${goTypeOf(value)} into Go value of type ${format}`;
    case 'double':
      return typeof value === 'number'
        ? undefined
        : `json: cannot unmarshal ${goTypeOf(value)} into Go value of type float64`;
    case 'int-or-string':
    case 'quantity':
      return typeof value === 'string' || typeof value === 'number'
        ? undefined
        : `json: cannot unmarshal ${goTypeOf(value)} into Go value of type string`;
    case 'date-time':
    case 'date-time-micro':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value))
        ? undefined
        : `parsing time ${JSON.stringify(value)}: not an RFC 3339 time`;
  }
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'number' : `number ${String(value)}`;
    default:
      return 'object';
  }
}
