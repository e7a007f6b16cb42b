import { isRecord, setField, type JsonRecord } from '../json.ts';
import { canonicalScalar, timeProblem } from './canonical.ts';
import { fieldSchema, type ScalarFormat, type Schema } from './schema.ts';

/** An object without the fields that its schema does not know, and the paths of those fields. */
export interface CheckedFields<T> {
  readonly value: T;
  /** As Kubernetes names them: `spec.containers[0].foo`. */
  readonly unknown: readonly string[];
  /** Values that cannot be read as their type, in the words of Go's JSON decoder. */
  readonly mistyped: readonly string[];
}

/**
 * Walks `value` along `schema`: drops unknown fields and nulls (as Go's decoder does), finds values of a wrong type, and
 * writes times and quantities as Kubernetes does.
 */
export function checkFields<T>(schema: Schema, value: T): CheckedFields<T> {
  const unknown: string[] = [];
  const mistyped: string[] = [];
  const walk = (at: Schema, part: unknown, path: string): unknown => {
    if (at.type === 'any' || part === null || part === undefined) return part;
    if (at.type === 'scalar') {
      const problem = scalarProblem(at.format, part);
      if (problem === undefined) return canonicalScalar(at.format, part);
      mistyped.push(`${path}: ${problem}`);
      return part;
    }
    if (at.type === 'list') {
      if (!Array.isArray(part)) {
        mistyped.push(`${path}: cannot unmarshal ${jsonTypeOf(part)} into a list`);
        return part;
      }
      return part.map((item: unknown, index) => walk(at.items, item ?? emptyOf(at.items), `${path}[${index}]`));
    }
    if (!isRecord(part)) {
      mistyped.push(`${path}: cannot unmarshal ${jsonTypeOf(part)} into ${at.type === 'map' ? 'a map' : 'an object'}`);
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
        setField(kept, field, walk(schemaOfField, inner, next));
      }
    }
    return kept;
  };
  return { value: walk(schema, value, '') as T, unknown, mistyped };
}

/** What Go's decoder makes of a null in a list: the type's zero value, so that nobody behind it meets a null. */
function emptyOf(schema: Schema): unknown {
  switch (schema.type) {
    case 'any':
      return null;
    case 'list':
      return [];
    case 'scalar':
      return EMPTY_SCALARS[schema.format] ?? '';
    case 'struct':
    case 'map':
    default:
      return {};
  }
}

const EMPTY_SCALARS: Partial<Record<ScalarFormat, unknown>> = {
  boolean: false,
  int32: 0,
  int64: 0,
  double: 0,
  'int-or-string': 0,
};

/** Quantities as apimachinery reads them (pkg/api/resource): a decimal number with an SI, binary or decimal suffix. */
const QUANTITY = /^[+-]?(\d+(?:\.\d*)?|\.\d+)(|[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)$/;
const QUANTITY_TEXT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** The JSON types of a format and the name of its type in Go. */
const FORMATS: Readonly<Record<ScalarFormat, { readonly goType: string; readonly fits: (value: unknown) => boolean }>> =
  {
    string: { goType: 'string', fits: (value) => typeof value === 'string' },
    byte: { goType: 'string', fits: (value) => typeof value === 'string' },
    boolean: { goType: 'bool', fits: (value) => typeof value === 'boolean' },
    int32: { goType: 'int32', fits: Number.isInteger },
    int64: { goType: 'int64', fits: Number.isInteger },
    double: { goType: 'float64', fits: (value) => typeof value === 'number' },
    'int-or-string': { goType: 'string', fits: (value) => typeof value === 'string' || Number.isInteger(value) },
    quantity: { goType: 'string', fits: (value) => typeof value === 'string' || typeof value === 'number' },
    'date-time': { goType: 'string', fits: (value) => typeof value === 'string' },
    'date-time-micro': { goType: 'string', fits: (value) => typeof value === 'string' },
  };

function scalarProblem(format: ScalarFormat, value: unknown): string | undefined {
  const { goType, fits } = FORMATS[format];
  if (!fits(value)) return `json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type ${goType}`;
  if (format === 'quantity' && !QUANTITY.test(String(value))) return QUANTITY_TEXT;
  return format === 'date-time' || format === 'date-time-micro' ? timeProblem(format, value as string) : undefined;
}

/** A value's type as Go's decoder names it. */
function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`;
  return typeof value;
}
