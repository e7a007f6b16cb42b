import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseConnectTarget } from './connect-target.ts';
import { isElsewhere, isLoopbackAddress, lookupElsewhere } from './elsewhere.ts';
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
    ['[::ffff:7f00:1]:443', 403],
    ['169.254.169.254:443', 403],
    ['[::ffff:169.254.169.254]:443', 403],
    ['[fe80::1]:443', 403],
    ['168.63.129.16:443', 403],
    ['[fd00:ec2::254]:443', 403],
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

describe('an address that the gateway leads to', () => {
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);

  it('is none of this machine', () => {
    expect(own.map(({ address }) => address).filter(isElsewhere)).toEqual([]);
  });

  it.each(['127.0.0.1', '::1', '169.254.169.254', '169.254.1.1', 'fe80::1%eth0', '::ffff:a9fe:a9fe'])(
    'is not %s',
    (address) => {
      expect(isElsewhere(address)).toBe(false);
    },
  );

  it.each(['10.0.0.1', '20.190.160.1', '2001:db8::1', '169.253.255.255'])('may be %s', (address) => {
    expect(isElsewhere(address)).toBe(true);
  });

  // What getaddrinfo makes of a number, and a name of this machine: refused before a connection is begun.
  it.each(['localhost', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '2852039166'])(
    'is not what the name %s stands for',
    async (name) => {
      await expect(promisify(lookupElsewhere)(name, {})).rejects.toThrow('is this machine, or an address for it alone');
    },
  );
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
