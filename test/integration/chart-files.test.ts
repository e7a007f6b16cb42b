import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseDuration } from '#base';
import { packageRoot } from '#lab/session';
import { copiedFlags } from '../../src/cli/migrate/values.ts';
import { NODE_FLAGS } from '../../src/cmd/node-flags.ts';
import { readChartValues, readInertValues, type ValuesSchema } from '../../tools/render-values-page.ts';

// charts/keyferry as files. What helm makes of them: test/clients/chart.

const read = (...path: readonly string[]) => readFileSync(join(packageRoot(), ...path), 'utf8');
const yaml = read('charts', 'keyferry', 'values.yaml');
const schema = JSON.parse(read('charts', 'keyferry', 'values.schema.json')) as ValuesSchema;

const ajv = new Ajv({ strict: false });
const validate = ajv.compile(schema);
/** A value at its path, as a file of values has it. */
const nested = (path: string, value: unknown): unknown =>
  path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);

describe('the chart', () => {
  it('has the version of the package, and so has its image', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(parse(read('charts', 'keyferry', 'Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });

  it('has defaults that its schema takes', () => {
    expect(validate(parse(yaml)) || ajv.errorsText(validate.errors)).toBe(true);
  });

  it.each(readChartValues(yaml))('knows $path, also below secrets-store-csi-driver', ({ path, default: value }) => {
    expect(validate(nested(path, value)) || ajv.errorsText(validate.errors)).toBe(true);
    if (path === 'secrets-store-csi-driver') return;
    expect(validate(nested(`secrets-store-csi-driver.${path}`, value)) || ajv.errorsText(validate.errors)).toBe(true);
  });

  // `keyferry migrate check` leaves a flag of upstream's out of the values where it has the flag's default.
  it.each(copiedFlags(NODE_FLAGS))(
    'does by $path what --$name does by its default',
    ({ path, kind, default: usual }) => {
      const value = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], parse(yaml));
      expect([usual, '']).toContain(kind === 'duration' ? parseDuration(String(value)) : value);
    },
  );

  it('has no value in its schema that the file of values does not describe or a reason tells', () => {
    const described = readChartValues(yaml).map(({ path }) => path.split('.')[0]);
    const inert = readInertValues(schema).map(({ path }) => path.split('.')[0]);
    expect(new Set([...described, ...inert, 'global'])).toEqual(new Set(Object.keys(schema.properties ?? {})));
  });

  it.each(readInertValues(schema))('tells why $path does nothing: $reason', ({ path, reason }) => {
    expect(reason.length).toBeGreaterThan(10);
    const [top = ''] = path.split('.');
    expect(schema.properties?.['secrets-store-csi-driver']?.properties).toHaveProperty(top);
  });
});
