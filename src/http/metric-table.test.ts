import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createBoundedLabel, registerGauge } from './metric-table.ts';

describe('a label whose values others choose', () => {
  it('keeps plain words, up to its bound', () => {
    const label = createBoundedLabel(2);
    expect(['AADSTS700213', 'Forbidden/SecretDisabled', 'Third', 'AADSTS700213', ''].map(label)).toEqual([
      'AADSTS700213',
      'Forbidden/SecretDisabled',
      'other',
      'AADSTS700213',
      '',
    ]);
  });

  it.each([['a sentence with spaces'], ['line\nbreak'], ['x'.repeat(65)], ['quote"']])('calls %j other', (value) => {
    expect(createBoundedLabel()(value)).toBe('other');
  });
});

it('a gauge forgets the series that are gone at the next scrape', async () => {
  const registry = new Registry();
  const values = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  const spec = { name: 'things', type: 'gauge', help: 'things', labels: ['of'] } as const;
  registerGauge(registry, spec, () => [...values].map(([of, value]) => ({ labels: { of }, value })));
  expect(await registry.metrics()).toContain('things{of="b"} 2');
  values.delete('b');
  const text = await registry.metrics();
  expect(text).toContain('things{of="a"} 1');
  expect(text).not.toContain('of="b"');
});
