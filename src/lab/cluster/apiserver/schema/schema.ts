/** Formats of a scalar; `any` is everything and is neither checked nor merged. */
export type ScalarFormat =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  | 'byte'
  | 'date-time'
  | 'date-time-micro'
  | 'int-or-string'
  | 'quantity';

/** What an object's field may hold and how patches merge it; one form for built-in types and for custom resources. */
export type Schema = ScalarSchema | AnySchema | StructSchema | MapSchema | ListSchema;

/** One value. */
export interface ScalarSchema {
  readonly type: 'scalar';
  readonly format: ScalarFormat;
}

/** Any JSON value; it is kept and merged as a whole. */
export interface AnySchema {
  readonly type: 'any';
}

/** An object with known fields. */
export interface StructSchema {
  readonly type: 'struct';
  /** The type's name; undefined for the objects of a custom resource. */
  readonly name?: string | undefined;
  /** Made when first read: types refer to themselves. */
  readonly fields: ReadonlyMap<string, Schema>;
  readonly required: ReadonlySet<string>;
  /** Owned and replaced as a whole by server-side apply. */
  readonly atomic: boolean;
  /** Fields that are not known are kept (x-kubernetes-preserve-unknown-fields). */
  readonly open: boolean;
  /** Strategic merge patches clear the fields that `$retainKeys` leaves out. */
  readonly retainKeys?: boolean;
}

/** An object with any keys and values of one kind. */
export interface MapSchema {
  readonly type: 'map';
  readonly values: Schema;
  readonly atomic: boolean;
}

/** A list. */
export interface ListSchema {
  readonly type: 'list';
  readonly items: Schema;
  /** How server-side apply sees the list: as one value, as a set of scalars, or as objects told apart by `keys`. */
  readonly listType: 'atomic' | 'set' | 'map';
  readonly keys: readonly string[];
  /** The key by which strategic merge patches find an item; '' merges scalars; undefined replaces the list. */
  readonly mergeKey?: string | undefined;
  readonly retainKeys?: boolean;
}

/** Everything is allowed and is one value. */
export const ANY: AnySchema = { type: 'any' };

/** The schema of a field of `schema`; undefined when there is no such field. */
export function fieldSchema(schema: Schema, field: string): Schema | undefined {
  switch (schema.type) {
    case 'struct':
      return schema.fields.get(field) ?? (schema.open ? ANY : undefined);
    case 'map':
      return schema.values;
    case 'any':
      return ANY;
    case 'list':
    case 'scalar':
    default:
      return undefined;
  }
}
