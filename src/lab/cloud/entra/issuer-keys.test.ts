import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createFakeClock, createMemoryLog, type FakeClock } from '../../../base/testing/index.ts';
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts';
import { createTestIssuer, newRsaKey, type TestIssuer } from './testing/federation.ts';

const URL_ = 'https://issuer.example.com';
const JWKS = `${URL_}/openid/v1/jwks`;
const FRESH_MS = 30_000;
const key = newRsaKey();
const nextKey = newRsaKey();

let clock: FakeClock;
let issuer: TestIssuer;
let keys: IssuerKeys;

beforeEach(async () => {
  clock = createFakeClock();
  issuer = await createTestIssuer(URL_, key);
  keys = createIssuerKeys({ clock, log: silentLog, fetchJson: issuer.fetchJson });
});

const asked = () => issuer.asked.get(JWKS) ?? 0;

describe("an issuer's keys", () => {
  it('are fetched once for many exchanges, also at the same moment', async () => {
    await Promise.all([keys.find(URL_, 'key-1'), keys.find(URL_, 'key-1')]);
    await keys.find(URL_, 'key-1');
    expect(asked()).toBe(1);
  });

  it('are not known the moment they are published, as long as others were read a moment ago', async () => {
    await keys.find(URL_, 'key-1');
    await issuer.publish({ 'key-1': key, 'key-2': nextKey });
    await clock.advance(FRESH_MS - 1);
    await expect(keys.find(URL_, 'key-2')).rejects.toMatchObject({ code: 7000272 });
    expect(asked()).toBe(1);
    await clock.advance(1);
    await expect(keys.find(URL_, 'key-2')).resolves.toBeDefined();
  });

  it('are not trusted for long once they are withdrawn', async () => {
    await keys.find(URL_, 'key-1');
    await issuer.publish({ 'key-2': nextKey });
    await clock.advance(FRESH_MS);
    await expect(keys.find(URL_, 'key-1')).rejects.toMatchObject({ code: 7000272 });
  });

  it('are refused when the issuer has become unreachable, and used again when it is back', async () => {
    const documents = new Map(issuer.documents);
    issuer.documents.clear();
    await expect(keys.find(URL_, 'key-1')).rejects.toMatchObject({ code: 50166 });
    for (const [url, document] of documents) issuer.documents.set(url, document);
    await expect(keys.find(URL_, 'key-1')).resolves.toBeDefined();
  });

  const unusable: [string, object][] = [
    ['an EC key', { kty: 'EC', crv: 'P-256', kid: 'odd', x: 'AA', y: 'AA' }],
    ['a key for encryption', { kty: 'RSA', use: 'enc', kid: 'odd', n: 'AQAB', e: 'AQAB' }],
    ['a key without an id', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
  ];
  it.each(unusable)('leave out %s', async (_what, jwk) => {
    issuer.documents.set(JWKS, { keys: [jwk] });
    await expect(keys.find(URL_, 'odd')).rejects.toMatchObject({ code: 7000272 });
  });

  it('leave the reason of a failure in the log, since the answer does not name it', async () => {
    const log = createMemoryLog();
    const failing = createIssuerKeys({
      clock,
      log,
      fetchJson: () => Promise.reject(new Error('HTTP 404')),
    });
    await expect(failing.find(URL_, 'key-1')).rejects.toMatchObject({ code: 50166 });
    expect(log.lines.map(({ fields }) => fields)).toEqual([{ issuer: URL_, reason: 'HTTP 404' }]);
  });
});
