// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Readable } from 'node:stream';
import { array, constantFrom, ipV4, ipV6, oneof, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectQuick, fuzz, outcomeOf } from '../../../base/testing/fuzz.ts';
import { hostileText, textOfPieces } from '../../../base/testing/hostile.ts';
import { parseVaultHost } from '../vault/vault-hosts.ts';
import { parseConnectTarget } from './connect-target.ts';
import { isLoopbackAddress } from './elsewhere.ts';
import { certificateName } from './leaf-certificates.ts';
import { requestHost, toWebRequest } from './web-exchange.ts';

const PIECES = [
  'login.microsoftonline.com',
  'localhost',
  '.',
  ':',
  '443',
  '80',
  '[',
  ']',
  '::1',
  '127.0.0.1',
  '@',
  '/',
  '0',
  'ffff:',
  '%',
  ' ',
  '\0',
  'a',
];

describe('a CONNECT', () => {
  fuzz(
    'leads to port 443 of another machine, or is refused',
    oneof(textOfPieces(PIECES, 6), hostileText()),
    {
      inputs: 3000,
      seed: 741,
      examples: ['[::ffff:127.0.0.1]:443', 'LOCALHOST.:443', '127.1:443', '[::]:443', 'a.localhost:443'],
    },
    (authority) => {
      const target = parseConnectTarget(authority);
      if (!target.ok) {
        expect(target.reason).not.toMatch(/[\r\n\0]/);
        return;
      }
      expect(authority).toMatch(/:0*443$/);
      expect(target.host).not.toMatch(
        /[\s/@:[\]]/.test(target.host) && isIP(target.host) === 0 ? /./ : /^localhost$|\.localhost$/,
      );
      expect(isLoopbackAddress(target.host)).toBe(false);
    },
  );

  fuzz(
    'to any address of this machine is refused',
    oneof(
      ipV4().map((ip) => ip.replace(/^\d+/, '127')),
      constantFrom('0.0.0.0'),
    ),
    { inputs: 120, seed: 742 },
    (ip) => {
      expect(parseConnectTarget(`${ip}:443`).ok).toBe(false);
      expect(parseConnectTarget(`[::ffff:${ip}]:443`).ok).toBe(false);
    },
  );

  fuzz('to any address can be asked about', ipV6(), { inputs: 120, seed: 743 }, (ip) => {
    expect(typeof parseConnectTarget(`[${ip}]:443`).ok).toBe('boolean');
  });
});

describe('the host of a request', () => {
  fuzz(
    'is a vault of one label, or none',
    oneof(textOfPieces(['kv', '.', 'vault.azure.net', 'vault.azure.cn', '-', 'evil.com', ':443'], 5), hostileText()),
    { inputs: 460, seed: 744 },
    (host) => {
      const found = parseVaultHost(host);
      if (found === undefined) return;
      expect(found.vaultName).not.toBe('');
      expect(host).toBe(`${found.vaultName}.${found.cloud.vaultSuffix}`);
      expect(found.vaultName).not.toContain('.');
      expect(certificateName(host)).toBe(`*.${found.cloud.vaultSuffix}`);
    },
  );

  fuzz(
    'has no port and no dot at its end',
    oneof(textOfPieces(PIECES, 5), hostileText()),
    { inputs: 230, seed: 745 },
    (host) => {
      const found = requestHost({ headers: { host } } as IncomingMessage);
      if (found !== undefined) expect(found.endsWith('.') && !host.endsWith('..') && !host.includes('.:')).toBe(false);
    },
  );
});

describe('a request inside a tunnel', () => {
  const message = (url: string, rawHeaders: readonly string[], method: string, body = '') =>
    Object.assign(Readable.from(body === '' ? [] : [Buffer.from(body)]), {
      url,
      rawHeaders,
      method,
      headers: {},
    }) as unknown as IncomingMessage;

  fuzz(
    'stays at its host, whatever its target is, or is refused',
    tuple(
      oneof(
        textOfPieces(['/', '//', 'evil.com', '@', '?', '#', '..', '\\', ':', '*', 'https://', '%2f'], 6),
        hostileText(),
      ),
      constantFrom('GET', 'POST', 'BREW', 'TRACE', 'CONNECT'),
      array(tuple(constantFrom('host', 'x', 'connection', 'cookie'), hostileText(6)), { maxLength: 3 }),
    ),
    {
      inputs: 1500,
      seed: 746,
      examples: [
        ['//evil.com/', 'GET', []],
        ['/\\evil.com', 'GET', []],
      ],
    },
    async ([url, method, pairs]) => {
      const printable = pairs.map(([name, value]) => [name, value.replace(/[^\x20-\x7e]/g, '')] as const);
      const outcome = await outcomeOf(async () => {
        try {
          return await toWebRequest(message(url, printable.flat(), method), 'management.azure.com', 1000);
        } catch (error) {
          // What fetch does not carry is answered 400 by the caller: TypeErrors of Request and of URL.
          if (error instanceof TypeError) return undefined;
          throw error;
        }
      });
      if (outcome.ok && outcome.value !== undefined)
        expect(new URL(outcome.value.url).host).toBe('management.azure.com');
    },
  );

  it('with a body beyond the limit is refused before it is whole', async () => {
    const endless = Object.assign(
      Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(1024);
        })(),
      ),
      { url: '/', rawHeaders: [], method: 'POST', headers: {} },
    ) as unknown as IncomingMessage;
    const outcome = await expectQuick(() => outcomeOf(() => toWebRequest(endless, 'a.b', 10_000), ['world']));
    expect(outcome.ok).toBe(false);
  });
});
