import { describe, expect, it } from 'vitest';
import { isLoopback, isUnspecified, parseAdvertised, parseListen } from './listen-address.ts';

describe('--listen', () => {
  it.each([
    ['172.18.0.1', { host: '172.18.0.1' }],
    ['172.18.0.1:8443', { host: '172.18.0.1', port: 8443 }],
    ['0.0.0.0:1', { host: '0.0.0.0', port: 1 }],
    ['localhost:8443', { host: '127.0.0.1', port: 8443 }],
    ['fd00::1', { host: 'fd00::1' }],
    ['::', { host: '::' }],
    ['[fd00::1]', { host: 'fd00::1' }],
    ['[fd00::1]:8443', { host: 'fd00::1', port: 8443 }],
  ])('takes %s', (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  it.each([
    '',
    ':8443',
    'host',
    'host:1',
    '1.2.3:1',
    '1.2.3.4:',
    '1.2.3.4:0',
    '1.2.3.4:65536',
    '1.2.3.4:http',
    '[1.2.3.4',
    '[host]:1',
    '1.2.3.4:1:2',
    ' 1.2.3.4',
  ])('refuses "%s", with what it takes', (text) => {
    expect(() => parseListen(text)).toThrow(
      expect.objectContaining({
        code: 'invalid-input',
        message: expect.stringContaining('--listen'),
        hint: expect.any(String),
      }),
    );
  });
});

describe('--advertise', () => {
  it.each([
    ['host.docker.internal', { host: 'host.docker.internal' }],
    ['host.k3d.internal:8443', { host: 'host.k3d.internal', port: 8443 }],
    ['172.18.0.1', { host: '172.18.0.1' }],
    ['[fd00::1]:8443', { host: 'fd00::1', port: 8443 }],
  ])('takes %s', (text, address) => {
    expect(parseAdvertised(text)).toEqual(address);
  });

  it.each(['', 'http://host', 'a_b', '-a', '0.0.0.0', '[::]:8443', 'host:'])('refuses "%s"', (text) => {
    expect(() => parseAdvertised(text)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });
});

it.each([
  ['0.0.0.0', true, false],
  ['::', true, false],
  ['0:0:0:0:0:0:0:0', true, false],
  ['127.0.0.1', false, true],
  ['127.8.0.1', false, true],
  ['::1', false, true],
  ['10.0.0.0', false, false],
  ['fd00::', false, false],
  ['127.example.com', false, false],
])('%s: all addresses %s, this machine alone %s', (host, all, own) => {
  expect([isUnspecified(host), isLoopback(host)]).toEqual([all, own]);
});
