import { KUBERNETES_FIELDS } from '../../../../gen/kubernetes-fields.ts';
import type { Kind } from '../kinds/kind.ts';
import { recordOf, type JsonRecord } from '../json.ts';
import { ATOMIC_MAPS, ATOMIC_TYPES, MERGE_RULES } from './merge-rules.ts';

const PREFIX = 'io.k8s.api.v1.';
const REFERENCE = '#/components/schemas/';

/** Types that are one value; they have components of their own so that kubectl explain can show their names. */
const SCALAR_TYPES: Readonly<Record<string, JsonRecord>> = {
  IntOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  Quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
};

/** The name of a kind's schema in its OpenAPI document. */
export function componentName(kind: Kind): string {
  const { schema, group, version } = kind;
  if (schema.type === 'struct' && schema.name !== undefined) return PREFIX + schema.name;
  return `${group.split('.').reverse().join('.')}.${version}.${kind.kind}`;
}

/** The schemas of the kinds and of every type that they reach. */
export function renderComponents(kinds: readonly Kind[]): JsonRecord {
  const components: Record<string, unknown> = {};
  const addType = (typeName: string) => {
    const name = PREFIX + typeName;
    if (components[name] !== undefined) return;
    components[name] = {};
    components[name] = SCALAR_TYPES[typeName] ?? renderType(typeName, addType);
  };
  for (const kind of kinds) {
    const reference = [{ group: kind.group, kind: kind.kind, version: kind.version }];
    const name = componentName(kind);
    if (kind.schema.type === 'struct' && kind.schema.name !== undefined) {
      addType(kind.schema.name);
      const component = recordOf(components[name]);
      const known = (component['x-kubernetes-group-version-kind'] ?? []) as unknown[];
      components[name] = { ...component, 'x-kubernetes-group-version-kind': [...known, ...reference] };
    } else {
      addType('ObjectMeta');
      components[name] = { ...customComponent(kind), 'x-kubernetes-group-version-kind': reference };
    }
    components[`${name}List`] = {
      type: 'object',
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { type: 'object' },
        items: { type: 'array', items: { $ref: REFERENCE + name } },
      },
      'x-kubernetes-group-version-kind': [{ group: kind.group, kind: kind.listKind, version: kind.version }],
    };
  }
  return components;
}

function customComponent(kind: Kind): JsonRecord {
  const openapi = kind.openapi ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const properties = recordOf(openapi['properties']);
  return {
    ...openapi,
    properties: {
      ...properties,
      apiVersion: { type: 'string', ...recordOf(properties['apiVersion']) },
      kind: { type: 'string', ...recordOf(properties['kind']) },
      metadata: { allOf: [{ $ref: `${REFERENCE}${PREFIX}ObjectMeta` }], default: {} },
    },
  };
}

function renderType(typeName: string, addType: (name: string) => void): JsonRecord {
  const table = KUBERNETES_FIELDS[typeName] ?? {};
  const required = Object.keys(table).filter((field) => table[field]?.endsWith('!'));
  return {
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(
      Object.entries(table).map(([field, code]) => [
        field,
        { ...renderField(code.replace('!', ''), addType), ...mergeExtensions(typeName, field) },
      ]),
    ),
    ...(ATOMIC_TYPES.has(typeName) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
}

function renderField(code: string, addType: (name: string) => void): JsonRecord {
  if (code.endsWith('[]')) return { type: 'array', items: renderField(code.slice(0, -2), addType) };
  if (code.endsWith('{}')) return { type: 'object', additionalProperties: renderField(code.slice(0, -2), addType) };
  switch (code) {
    case 'any':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    case 'string':
    case 'boolean':
      return { type: code };
    case 'int32':
    case 'int64':
      return { type: 'integer', format: code };
    case 'double':
      return { type: 'number', format: code };
    case 'byte':
    case 'date-time':
      return { type: 'string', format: code };
    case 'date-time-micro':
      return { type: 'string', format: 'date-time' };
    case 'int-or-string':
      return referenceTo('IntOrString', addType);
    case 'quantity':
      return referenceTo('Quantity', addType);
    default:
      return referenceTo(code, addType);
  }
}

function referenceTo(typeName: string, addType: (name: string) => void): JsonRecord {
  addType(typeName);
  // in a list or map nothing may stand beside $ref, so it is always wrapped
  return { allOf: [{ $ref: `${REFERENCE}${PREFIX}${typeName}` }] };
}

function mergeExtensions(typeName: string, field: string): JsonRecord {
  const path = `${typeName}.${field}`;
  const rule = MERGE_RULES[path];
  if (rule === undefined) return ATOMIC_MAPS.has(path) ? { 'x-kubernetes-map-type': 'atomic' } : {};
  const { listType, keys = [], mergeKey, retainKeys, atomicOnApply, replaceOnPatch } = rule;
  const patchKey = mergeKey ?? keys[0];
  const strategies = [
    ...(listType !== undefined && replaceOnPatch !== true ? ['merge'] : []),
    ...(retainKeys === true ? ['retainKeys'] : []),
  ];
  return {
    ...(listType === undefined ? {} : { 'x-kubernetes-list-type': atomicOnApply === true ? 'atomic' : listType }),
    ...(listType === 'map' && atomicOnApply !== true ? { 'x-kubernetes-list-map-keys': keys } : {}),
    ...(patchKey && replaceOnPatch !== true ? { 'x-kubernetes-patch-merge-key': patchKey } : {}),
    ...(strategies.length === 0 ? {} : { 'x-kubernetes-patch-strategy': strategies.join(',') }),
  };
}
