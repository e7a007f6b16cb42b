import { describe, expect, it } from 'vitest';
import { parseFaultSpec } from './parse-fault.ts';

const reset = { kind: 'reset' };

describe('a fault that is asked for', () => {
  it('is taken with its host in lower case and its method in upper case', () => {
    expect(parseFaultSpec({ host: 'KV.vault.azure.net', method: 'get', effect: reset })).toEqual({
      host: 'kv.vault.azure.net',
      method: 'GET',
      effect: reset,
    });
  });

  it.each([
    ['the host of an API server', { host: '127.0.0.1:6443', effect: reset }],
    ['a pause', { host: 'a', effect: { kind: 'status', status: 429, retryAfterSeconds: 5 } }],
    ['limits', { host: 'a', path: '*/db', times: 1, forMs: 600_000, effect: { kind: 'latency', delayMs: 500 } }],
  ])('may have %s', (_what, value) => {
    expect(parseFaultSpec(value)).toEqual(value);
  });

  it.each([
    ['nothing', undefined, ''],
    ['no effect', { host: 'a' }, 'effect'],
    ['an unknown effect', { host: 'a', effect: { kind: 'explode' } }, 'effect.kind'],
    ['a status that is no error', { host: 'a', effect: { kind: 'status', status: 302 } }, 'effect.status'],
    [
      'half a second of Retry-After',
      { host: 'a', effect: { kind: 'status', status: 429, retryAfterSeconds: 0.5 } },
      'effect.retryAfterSeconds',
    ],
    ['no latency', { host: 'a', effect: { kind: 'latency', delayMs: 0 } }, 'effect.delayMs'],
    ['a URL as the host', { host: 'https://a/b', effect: reset }, 'host'],
    ['a host with a line end', { host: 'a\n', effect: reset }, 'host'],
    ['a path without its slash', { host: 'a', path: 'secrets', effect: reset }, 'path'],
    ['a method with a space', { host: 'a', method: 'G ET', effect: reset }, 'method'],
    ['no times at all', { host: 'a', times: 0, effect: reset }, 'times'],
    ['less than no time', { host: 'a', forMs: -1, effect: reset }, 'forMs'],
    ['a field that nobody knows', { host: 'a', effect: reset, probability: 0.5 }, ''],
  ])('is refused with %s', (_what, value, path) => {
    expect(() => parseFaultSpec(value)).toThrow(
      expect.objectContaining({ code: 'invalid-input', issues: [expect.objectContaining({ path })] }),
    );
  });
});
