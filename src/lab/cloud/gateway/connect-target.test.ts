import { describe, expect, it } from 'vitest';
import { isLoopbackAddress, parseConnectTarget } from './connect-target.ts';
import { certificateName } from './leaf-certificates.ts';

describe('the target of a CONNECT', () => {
  it.each([
    ['Management.Azure.com:443', 'management.azure.com'],
    ['kv.vault.azure.net.:443', 'kv.vault.azure.net'],
    ['[2001:db8::1]:443', '2001:db8::1'],
  ])('%s is %s', (authority, host) => {
    expect(parseConnectTarget(authority)).toEqual({ ok: true, host });
  });

  it.each([
    ['management.azure.com', 400],
    ['', 400],
    ['a b:443', 400],
    ['user@host:443', 400],
    ['host:443:443', 400],
    ['https://host:443', 400],
    ['management.azure.com:80', 403],
    ['management.azure.com:65536', 403],
    ['localhost:443', 403],
    ['LOCALHOST.:443', 403],
    ['kv.vault.localhost:443', 403],
    ['127.0.0.1:443', 403],
    ['127.9.9.9:443', 403],
    ['0.0.0.0:443', 403],
    ['[::1]:443', 403],
    ['[::ffff:127.0.0.1]:443', 403],
    ['[::]:443', 403],
  ])('%s is refused with %i', (authority, status) => {
    expect(parseConnectTarget(authority)).toMatchObject({ ok: false, status });
  });

  it.each([
    ['127.0.0.1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['localhost', false],
  ])('address %s means this machine: %s', (address, expected) => {
    expect(isLoopbackAddress(address)).toBe(expected);
  });
});

describe('the name of a certificate', () => {
  it.each([
    ['kv.vault.azure.net', '*.vault.azure.net'],
    ['kv.vault.usgovcloudapi.net', '*.vault.usgovcloudapi.net'],
    ['eastus.oic.prod-aks.azure.com', '*.oic.prod-aks.azure.com'],
    ['login.microsoftonline.com', 'login.microsoftonline.com'],
    ['a.b.vault.azure.net', 'a.b.vault.azure.net'],
  ])('for %s is %s', (host, name) => {
    expect(certificateName(host)).toBe(name);
  });
});
