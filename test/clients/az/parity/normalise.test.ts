import { expect, it } from 'vitest';
import { firstErrorLine, normaliseOutput, normaliseText } from './normalise.ts';

it.each([
  ['2026-11-22T03:00:01.123456+00:00', '0000-00-00T00:00:00+00:00'],
  ['2026-11-22T03:00:01Z', '0000-00-00T00:00:00Z'],
  ['id 0b1f6471-1bf0-4dda-aec3-0b1f64711111.', 'id <guid>.'],
  [
    'https://kv.vault.azure.net/secrets/s/0123456789abcdef0123456789abcdef',
    'https://kv.vault.azure.net/secrets/s/<version>',
  ],
  ['demo-rg-0a1b2c-11223344.hcp.eastus.azmk8s.io', 'demo-rg-<host>.hcp.eastus.azmk8s.io'],
  ['server: https://127.0.0.1:6443', 'server: https://127.0.0.1:<port>'],
])('replaces what varies, and keeps its form: %s', (text, normal) => {
  expect(normaliseText(text, {})).toBe(normal);
});

it('names what both labs have under one name, the longest first', () => {
  expect(normaliseText('/home/a/.kube and /home/a', { HOME: '/home/a', KUBE: '/home/a/.kube' })).toBe(
    '<KUBE> and <HOME>',
  );
});

it('keeps numbers apart from times in seconds', () => {
  expect(normaliseOutput('{"days": 90, "expires_on": 1795000000}', {})).toEqual({ days: 90, expires_on: '<epoch>' });
});

it('sees a difference in type, case and order', () => {
  const one = normaliseOutput('{"a": [1, "b"], "c": null}', {});
  expect(normaliseOutput('{"a": ["b", 1], "c": null}', {})).not.toEqual(one);
  expect(normaliseOutput('{"a": [1, "B"], "c": null}', {})).not.toEqual(one);
  expect(normaliseOutput('{"a": [1, "b"]}', {})).not.toEqual(one);
});

it('finds the first line of an error below warnings', () => {
  expect(firstErrorLine('WARNING: beware\nERROR: no\nCode: x\n', {})).toBe('ERROR: no');
  expect(firstErrorLine('WARNING: beware\n', {})).toBeUndefined();
});
