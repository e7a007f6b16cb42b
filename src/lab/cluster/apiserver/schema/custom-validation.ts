import { isIPv4, isIPv6 } from 'node:net';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { errorText } from '#base';
import { isRecord, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';

const ajv = new Ajv({
  strict: false,
  allErrors: true,
  verbose: true,
  validateFormats: false,
  messages: true,
  unicodeRegExp: false,
});

const validators = new WeakMap<object, ValidateFunction>();

/** Formats that Kubernetes checks (kube-openapi strfmt), as far as they are used in custom resources. */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': (text) => /^\d{4}-\d\d-\d\d[Tt ]/.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  byte: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  uri: (text) => text.startsWith('/') || URL.canParse(text),
};

function isCidr(text: string): boolean {
  const [, address = '', length = ''] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  return (isIPv4(address) && Number(length) <= 32) || (isIPv6(address) && Number(length) <= 128);
}

/** Why nothing can be validated by a definition's schema, such as a pattern that is no regular expression; else undefined. */
export function schemaProblem(openapi: JsonRecord): string | undefined {
  try {
    validatorOf(openapi);
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

function validatorOf(openapi: JsonRecord): ValidateFunction {
  let validate = validators.get(openapi);
  if (validate === undefined) {
    validate = ajv.compile(jsonSchemaOf(openapi, true) as object);
    validators.set(openapi, validate);
  }
  return validate;
}

/** What is wrong with a custom resource by its definition's schema, in the words of Kubernetes. */
export function customIssues(openapi: JsonRecord, object: unknown): FieldIssue[] {
  const validate = validatorOf(openapi);
  const others = [...formatIssues(openapi, object, ''), ...duplicateIssues(openapi, object, '')];
  return validate(object) === true ? others : [...(validate.errors ?? []).flatMap(issueOf), ...others];
}

/** Turns the OpenAPI dialect into JSON Schema: `nullable`, int-or-string, and no Kubernetes extensions. */
function jsonSchemaOf(source: unknown, isRoot = false): unknown {
  if (Array.isArray(source)) return source.map((item: unknown) => jsonSchemaOf(item));
  if (!isRecord(source)) return source;
  const { nullable, format: _format, default: _default, example: _example, ...rest } = source;
  const converted: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(rest)) {
    if (keyword.startsWith('x-kubernetes-') || keyword === 'description') continue;
    converted[keyword] = ['properties', 'patternProperties', 'definitions'].includes(keyword)
      ? Object.fromEntries(Object.entries(value as JsonRecord).map(([name, inner]) => [name, jsonSchemaOf(inner)]))
      : ['enum', 'required', 'pattern'].includes(keyword)
        ? value
        : jsonSchemaOf(value);
  }
  if (source['x-kubernetes-int-or-string'] === true) return { ...converted, type: ['integer', 'string'] };
  if (nullable === true && typeof converted['type'] === 'string') converted['type'] = [converted['type'], 'null'];
  if (isRoot && isRecord(converted['properties'])) {
    // metadata is checked as that of any object
    const { metadata: _metadata, ...properties } = converted['properties'];
    converted['properties'] = properties;
  }
  return converted;
}

function fieldOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`), '');
}

function issueOf(error: ErrorObject): FieldIssue[] {
  const field = fieldOf(error.instancePath);
  const value: unknown = error.data;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'required': {
      const missing = String(params['missingProperty']);
      return [{ field: field === '' ? missing : `${field}.${missing}`, reason: 'FieldValueRequired' }];
    }
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map((item) => JSON.stringify(item)).join(', ');
      return [{ field, reason: 'FieldValueNotSupported', value, detail: `supported values: ${allowed}` }];
    }
    case 'type': {
      const type = String(params['type']);
      const detail = `${field} in body must be of type ${type}: ${JSON.stringify(typeNameOf(value))}`;
      return [{ field, reason: 'FieldValueTypeInvalid', value: typeNameOf(value), detail }];
    }
    case 'pattern':
      return [
        {
          field,
          reason: 'FieldValueInvalid',
          value,
          detail: `${field} in body should match '${String(params['pattern'])}'`,
        },
      ];
    case 'maxLength':
      return [{ field, reason: 'FieldValueTooLong', detail: `may not be more than ${String(params['limit'])} bytes` }];
    case 'minLength':
      return [
        {
          field,
          reason: 'FieldValueInvalid',
          value,
          detail: `${field} in body should be at least ${String(params['limit'])} chars long`,
        },
      ];
    case 'minimum':
    case 'maximum': {
      const relation = error.keyword === 'minimum' ? 'greater' : 'less';
      const detail = `${field} in body should be ${relation} than or equal to ${String(params['limit'])}`;
      return [{ field, reason: 'FieldValueInvalid', value, detail }];
    }
    case 'minItems':
    case 'maxItems': {
      const relation = error.keyword === 'minItems' ? 'at least' : 'at most';
      return [
        {
          field,
          reason: 'FieldValueInvalid',
          value,
          detail: `${field} in body should have ${relation} ${String(params['limit'])} items`,
        },
      ];
    }
    default:
      return [
        { field, reason: 'FieldValueInvalid', value, detail: `${field} in body ${error.message ?? 'is not valid'}` },
      ];
  }
}

function typeNameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function formatIssues(openapi: JsonRecord, value: unknown, path: string): FieldIssue[] {
  if (typeof value === 'string') {
    const format = typeof openapi['format'] === 'string' ? openapi['format'] : '';
    const check = FORMATS[format];
    if (check === undefined || check(value)) return [];
    return [
      {
        field: path,
        reason: 'FieldValueInvalid',
        value,
        detail: `${path} in body must be of type ${format}: ${JSON.stringify(value)}`,
      },
    ];
  }
  if (Array.isArray(value)) {
    const { items } = openapi;
    return isRecord(items)
      ? value.flatMap((item: unknown, index) => formatIssues(items, item, `${path}[${index}]`))
      : [];
  }
  if (!isRecord(value)) return [];
  const { properties, additionalProperties } = openapi;
  return Object.entries(value).flatMap(([field, inner]) => {
    const schema = isRecord(properties) && isRecord(properties[field]) ? properties[field] : additionalProperties;
    return isRecord(schema) ? formatIssues(schema, inner, path === '' ? field : `${path}.${field}`) : [];
  });
}

/** Items that a list of the type set or map has twice (structural schema list types). */
function duplicateIssues(openapi: JsonRecord, value: unknown, path: string): FieldIssue[] {
  if (Array.isArray(value)) {
    const keyOf = listKeyOf(openapi);
    const seen = new Set<string>();
    return value.flatMap((item: unknown, index) => {
      const at = `${path}[${index}]`;
      const inner = isRecord(openapi['items']) ? duplicateIssues(openapi['items'], item, at) : [];
      const key = keyOf?.(item);
      if (key === undefined) return inner;
      const twice = seen.has(JSON.stringify(key));
      seen.add(JSON.stringify(key));
      return twice ? [...inner, { field: at, reason: 'FieldValueDuplicate' as const, value: key }] : inner;
    });
  }
  if (!isRecord(value)) return [];
  const { properties, additionalProperties } = openapi;
  return Object.entries(value).flatMap(([field, inner]) => {
    const schema = isRecord(properties) && isRecord(properties[field]) ? properties[field] : additionalProperties;
    return isRecord(schema) ? duplicateIssues(schema, inner, path === '' ? field : `${path}.${field}`) : [];
  });
}

/** What tells the items of such a list apart; undefined for a list that may repeat itself. */
function listKeyOf(openapi: JsonRecord): ((item: unknown) => unknown) | undefined {
  const keys = openapi['x-kubernetes-list-map-keys'];
  switch (openapi['x-kubernetes-list-type']) {
    case 'set':
      return (item) => item;
    case 'map':
      return Array.isArray(keys)
        ? (item) => Object.fromEntries(keys.map((key) => [key, isRecord(item) ? item[String(key)] : undefined]))
        : undefined;
    default:
      return undefined;
  }
}
