import { KUBERNETES_FIELDS } from '../../../../gen/kubernetes-fields.ts';
import { ATOMIC_MAPS, ATOMIC_TYPES, MERGE_RULES, type MergeRule } from './merge-rules.ts';
import { ANY, type ScalarFormat, type Schema, type StructSchema } from './schema.ts';

const structs = new Map<string, StructSchema>();

/** The schema of a Kubernetes type by its short name, for example `Pod`. Throws for a type that the tables do not hold. */
export function builtinSchema(typeName: string): StructSchema {
  const known = structs.get(typeName);
  if (known !== undefined) return known;
  const table = KUBERNETES_FIELDS[typeName];
  if (table === undefined) throw new Error(`no field table for the type ${typeName}; run "npm run gen"`);
  let fields: ReadonlyMap<string, Schema> | undefined;
  const struct: StructSchema = {
    type: 'struct',
    name: typeName,
    atomic: ATOMIC_TYPES.has(typeName),
    open: false,
    required: new Set(Object.entries(table).flatMap(([field, code]) => (code.endsWith('!') ? [field] : []))),
    get fields() {
      fields ??= new Map(
        Object.entries(table).map(([field, code]) => [
          field,
          decode(code.replace('!', ''), MERGE_RULES[`${typeName}.${field}`], ATOMIC_MAPS.has(`${typeName}.${field}`)),
        ]),
      );
      return fields;
    },
  };
  structs.set(typeName, struct);
  return struct;
}

function decode(code: string, rule: MergeRule | undefined, atomicMap: boolean): Schema {
  if (code.endsWith('[]')) {
    return {
      type: 'list',
      items: decode(code.slice(0, -2), undefined, false),
      listType: rule?.atomicOnApply === true ? 'atomic' : (rule?.listType ?? 'atomic'),
      keys: rule?.keys ?? [],
      mergeKey: rule?.replaceOnPatch === true ? undefined : (rule?.mergeKey ?? rule?.keys?.[0]),
      ...(rule?.retainKeys === undefined ? {} : { retainKeys: true }),
    };
  }
  if (code.endsWith('{}')) {
    return { type: 'map', values: decode(code.slice(0, -2), undefined, false), atomic: atomicMap };
  }
  if (code === 'any') return ANY;
  if (/^[a-z]/.test(code)) return { type: 'scalar', format: code as ScalarFormat };
  const struct = builtinSchema(code);
  return rule?.retainKeys === true ? withRetainKeys(struct) : struct;
}

function withRetainKeys(struct: StructSchema): StructSchema {
  return {
    ...struct,
    retainKeys: true,
    get fields() {
      return struct.fields;
    },
  };
}
