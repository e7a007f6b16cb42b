import { describe, expect, it } from 'vitest';
import type { FaultTarget } from './fault.ts';
import { isAbout } from './is-about.ts';

describe('a fault is about', () => {
  const target: FaultTarget = { host: 'kv.vault.azure.net', path: '/secrets/db/v1', method: 'GET' };
  const effect = { kind: 'reset' } as const;

  it.each([
    [{}, true],
    [{ path: '/secrets' }, true],
    [{ path: '/Secrets/db' }, true],
    [{ path: '/secrets/db/v1' }, true],
    [{ path: '/secrets/db/v1/more' }, false],
    [{ path: '/keys' }, false],
    [{ path: '*/v1' }, true],
    [{ path: '/secrets/*' }, true],
    [{ path: '/secrets/*/v2' }, false],
    [{ method: 'GET' }, true],
    [{ method: 'PUT' }, false],
    [{ host: 'other.vault.azure.net' }, false],
  ])('a request as %j says: %s', (more, expected) => {
    expect(isAbout({ host: '*.vault.azure.net', effect, ...more }, target)).toBe(expected);
  });
});
