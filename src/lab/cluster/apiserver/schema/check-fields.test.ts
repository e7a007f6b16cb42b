import { describe, expect, it } from 'vitest';
import { builtinSchema } from './builtin-schemas.ts';
import { checkFields } from './check-fields.ts';
import { customSchema, withSchemaDefaults } from './custom-schema.ts';
import { customIssues } from './custom-validation.ts';
import { fieldIssueText } from '../status-errors.ts';
import { KUBERNETES_FIELDS } from '../../../../gen/kubernetes-fields.ts';
import { ATOMIC_MAPS, MERGE_RULES } from './merge-rules.ts';

describe('fields of built-in types', () => {
  it.each([
    [{ spec: { containrs: [] } }, ['spec.containrs']],
    [{ spec: { containers: [{ name: 'c', imag: 'x' }] } }, ['spec.containers[0].imag']],
    [{ metadata: { labels: { anything: 'x' } }, extra: 1 }, ['extra']],
    [{ spec: { containers: [{ name: 'c', resources: { limits: { cpu: 1 } } }] } }, []],
  ])('%j has unknown fields %j', (object, unknown) => {
    expect(checkFields(builtinSchema('Pod'), object).unknown).toEqual(unknown);
  });

  it('drops unknown fields and nulls', () => {
    expect(checkFields(builtinSchema('Pod'), { spec: { nodeName: null, foo: 1, hostname: 'h' } }).value).toEqual({
      spec: { hostname: 'h' },
    });
  });

  it.each([
    [{ spec: { hostNetwork: 'yes' } }, 'spec.hostNetwork: json: cannot unmarshal string into Go value of type bool'],
    [
      { metadata: { labels: { a: 1 } } },
      'metadata.labels.a: json: cannot unmarshal number into Go value of type string',
    ],
    [{ spec: { containers: {} } }, 'spec.containers: cannot unmarshal object into a list'],
  ])('%j is of a wrong type', (object, text) => {
    expect(checkFields(builtinSchema('Pod'), object).mistyped).toEqual([text]);
  });

  it('have no merge rule for a field that does not exist', () => {
    const missing = [...Object.keys(MERGE_RULES), ...ATOMIC_MAPS].filter((path) => {
      const [type = '', field = ''] = path.split('.');
      return KUBERNETES_FIELDS[type]?.[field] === undefined;
    });
    expect(missing).toEqual([]);
  });
});

describe('custom resources', () => {
  const openapi = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['size'],
        properties: {
          size: { type: 'integer', minimum: 1 },
          color: { type: 'string', enum: ['red', 'blue'], default: 'red' },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          tags: { type: 'object', additionalProperties: { type: 'string' } },
          port: { 'x-kubernetes-int-or-string': true },
        },
      },
    },
  };

  it('lose fields that the schema does not know, and keep them where it says so', () => {
    const { value, unknown } = checkFields(customSchema(openapi), {
      metadata: { name: 'x' },
      spec: { size: 1, foo: 1, free: { a: { b: 1 } }, tags: { t: 'u' } },
    });
    expect(unknown).toEqual(['spec.foo']);
    expect(value).toEqual({ metadata: { name: 'x' }, spec: { size: 1, free: { a: { b: 1 } }, tags: { t: 'u' } } });
  });

  it('get the defaults of the schema', () => {
    expect(withSchemaDefaults(openapi, { spec: { size: 1 } })).toEqual({ spec: { size: 1, color: 'red' } });
    expect(withSchemaDefaults(openapi, {})).toEqual({});
  });

  it.each([
    [{ spec: {} }, ['spec.size: Required value']],
    [{ spec: { size: 0 } }, ['spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1']],
    [
      { spec: { size: 1, color: 'green' } },
      ['spec.color: Unsupported value: "green": supported values: "red", "blue"'],
    ],
    [
      { spec: { size: 'x' } },
      ['spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'],
    ],
    [{ spec: { size: 2, port: 'http' } }, []],
  ])('%j is refused with %j', (object, texts) => {
    expect(customIssues(openapi, object).map(fieldIssueText)).toEqual(texts);
  });

  it.each([
    ['email', 'a@example.com', true],
    ['email', 'example.com', false],
    ['ipv4', '10.0.0.1', true],
    ['ipv4', '10.0.0.999', false],
    ['ipv6', 'fd00::1', true],
    ['ipv6', '10.0.0.1', false],
    ['cidr', '10.0.0.0/8', true],
    ['cidr', '10.0.0.0/33', false],
    ['uri', 'https://example.com/a', true],
    ['uri', 'example', false],
    ['anything', 'else', true],
  ])('of the format %s may say %s: %s', (format, text, fits) => {
    const schema = { type: 'object', properties: { field: { type: 'string', format } } };
    const expected = `field: Invalid value: ${JSON.stringify(text)}: field in body must be of type ${format}: ${JSON.stringify(text)}`;
    expect(customIssues(schema, { field: text }).map(fieldIssueText)).toEqual(fits ? [] : [expected]);
  });
});
