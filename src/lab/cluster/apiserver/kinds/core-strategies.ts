import type { KubeObject } from '#kube';
import { jsonEqual, recordOf, recordsOf, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { invalidIssue } from './field-issues.ts';
import type { Strategy } from './kind.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

/** Namespaces carry their name as a label and are kept by the finalizer `kubernetes` until their content is gone. */
export const namespaceStrategy: Strategy = {
  prepareForCreate: (object) => ({
    ...object,
    spec: { ...recordOf(object['spec']), finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }),
  prepareForUpdate: (object, old) => ({ ...object, spec: object['spec'] ?? old['spec'] }),
  defaults: (object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, [NAME_LABEL]: object.metadata.name ?? '' } },
  }),
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DATA_KEY = /^[-._a-zA-Z0-9]+$/;

/** Secrets: `stringData` becomes data, the type is fixed once, an immutable Secret's data too. */
export const secretStrategy: Strategy = {
  defaults: (object) => {
    const { stringData, ...rest } = object as KubeObject & { readonly stringData?: unknown };
    const encoded = Object.entries(recordOf(stringData)).map(([key, value]): [string, string] => [
      key,
      Buffer.from(String(value)).toString('base64'),
    ]);
    const data = encoded.length === 0 ? rest['data'] : { ...recordOf(rest['data']), ...Object.fromEntries(encoded) };
    return { ...rest, ...(data === undefined ? {} : { data }), type: rest['type'] ?? 'Opaque' } as KubeObject;
  },
  validate: (object, old) => [
    ...dataIssues(object),
    ...sizeIssues('data', bytesOf(object['data'], 'base64')),
    ...requiredKeyIssues(object),
    ...(old === undefined ? [] : immutableIssues(object, old, ['type'])),
    ...(old?.['immutable'] === true ? frozenIssues(object, old) : []),
  ],
};

/** ConfigMaps: keys are file names; an immutable one keeps its data. */
export const configMapStrategy: Strategy = {
  validate: (object, old) => [
    ...[...Object.keys(recordOf(object['data'])), ...Object.keys(recordOf(object['binaryData']))].flatMap((key) =>
      keyIssues(key),
    ),
    ...Object.keys(recordOf(object['data']))
      .filter((key) => Object.hasOwn(recordOf(object['binaryData']), key))
      .map((key) => invalidIssue(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    // kube-apiserver names no field here
    ...sizeIssues('[]', bytesOf(object['data'], 'utf8') + bytesOf(object['binaryData'], 'base64')),
    ...(old?.['immutable'] === true ? frozenIssues(object, old) : []),
  ],
};

/** What the values of a Secret or a ConfigMap may have together (MaxSecretSize of the core API). */
const MAX_DATA_BYTES = 1024 * 1024;

function sizeIssues(field: string, sizeBytes: number): FieldIssue[] {
  if (sizeBytes <= MAX_DATA_BYTES) return [];
  return [{ field, reason: 'FieldValueTooLong', detail: `may not be more than ${MAX_DATA_BYTES} bytes` }];
}

function bytesOf(data: unknown, encoding: 'utf8' | 'base64'): number {
  return Object.values(recordOf(data)).reduce<number>((sum, value) => {
    return sum + (typeof value === 'string' ? Buffer.byteLength(value, encoding) : 0);
  }, 0);
}

/** Keys become file names, which is why some are none (IsConfigMapKey of apimachinery). */
function keyIssues(key: string): FieldIssue[] {
  const refuse = (detail: string): FieldIssue[] => [
    { field: `data[${key}]`, reason: 'FieldValueInvalid', value: key, detail },
  ];
  if (key.length > 253) return refuse('must be no more than 253 characters');
  if (key === '.' || key === '..') return refuse(`must not be '${key}'`);
  if (key.startsWith('..')) return refuse("must not start with '..'");
  return DATA_KEY.test(key)
    ? []
    : [
        {
          field: `data[${key}]`,
          reason: 'FieldValueInvalid',
          value: key,
          detail:
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        },
      ];
}

function dataIssues(object: KubeObject): FieldIssue[] {
  return Object.entries(recordOf(object['data'])).flatMap(([key, value]): FieldIssue[] => [
    ...keyIssues(key),
    ...(typeof value === 'string' && BASE64.test(value)
      ? []
      : [{ field: `data[${key}]`, reason: 'FieldValueInvalid' as const, detail: 'not a base64 text' }]),
  ]);
}

/** Keys that Secrets of a type must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

function requiredKeyIssues(object: KubeObject): FieldIssue[] {
  const data = recordOf(object['data']);
  return (REQUIRED_KEYS[String(object['type'])] ?? []).flatMap((key): FieldIssue[] =>
    key in data ? [] : [{ field: `data[${key}]`, reason: 'FieldValueRequired' }],
  );
}

function frozenIssues(object: KubeObject, old: KubeObject): FieldIssue[] {
  const thawed = object['immutable'] !== true;
  const changed = ['data', 'binaryData'].filter((field) => !jsonEqual(object[field], old[field]));
  return [
    ...(thawed
      ? [
          {
            field: 'immutable',
            reason: 'FieldValueForbidden' as const,
            detail: 'field is immutable when `immutable` is set',
          },
        ]
      : []),
    ...changed.map((field) => ({
      field,
      reason: 'FieldValueForbidden' as const,
      detail: 'field is immutable when `immutable` is set',
    })),
  ];
}

/** An issue for each of `fields` that differs from the old object. */
export function immutableIssues(object: KubeObject, old: KubeObject, fields: readonly string[]): FieldIssue[] {
  return fields.flatMap((field): FieldIssue[] =>
    jsonEqual(object[field], old[field])
      ? []
      : [{ field, reason: 'FieldValueInvalid', value: object[field], detail: 'field is immutable' }],
  );
}

/** The list under a field of a record, as records. */
export function recordsIn(parent: unknown, field: string): readonly JsonRecord[] {
  return recordsOf(recordOf(parent)[field]);
}
