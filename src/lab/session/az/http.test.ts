import { expect, it } from 'vitest';
import { proxyFor } from './http.ts';

const HTTPS_PROXY = 'http://127.0.0.1:8888';

it.each([
  ['management.azure.com', { HTTPS_PROXY }, HTTPS_PROXY],
  ['management.azure.com', { https_proxy: HTTPS_PROXY }, HTTPS_PROXY],
  ['management.azure.com', {}, undefined],
  ['management.azure.com', { HTTPS_PROXY: '' }, undefined],
  ['127.0.0.1', { HTTPS_PROXY, NO_PROXY: '127.0.0.1,localhost' }, undefined],
  ['x.localhost', { HTTPS_PROXY, NO_PROXY: ' localhost' }, undefined],
  ['x.example.com', { HTTPS_PROXY, no_proxy: '.example.com' }, undefined],
  ['notexample.com', { HTTPS_PROXY, NO_PROXY: 'example.com' }, HTTPS_PROXY],
  ['a.b', { HTTPS_PROXY, NO_PROXY: '*' }, undefined],
  ['a.b', { HTTPS_PROXY, NO_PROXY: ',' }, HTTPS_PROXY],
])('%s with %o goes through %s', (host, env, proxy) => {
  expect(proxyFor(host, env)).toBe(proxy);
});
