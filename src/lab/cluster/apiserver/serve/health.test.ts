import { describe, expect, it } from 'vitest';
import { renderHealth } from './health.ts';

describe('health endpoints', () => {
  it.each([
    ['readyz', '', 'ok'],
    ['livez/ping', '', 'ok'],
    ['livez/teapot', '', undefined],
    ['livez', 'verbose', '[+]ping ok\n[+]log ok\n[+]etcd ok\nlivez check passed\n'],
    ['readyz', 'verbose&exclude=etcd', '[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\nreadyz check passed\n'],
  ])('/%s?%s', (path, query, text) => {
    expect(renderHealth(path.split('/'), new URLSearchParams(query))).toBe(text);
  });
});
