import { exportJWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createFakeClock } from '../../base/testing/index.ts';
import { createTestIssuer } from '../testing/index.ts';
import { createClusterKeys } from './cluster-keys.ts';

const signal = new AbortController().signal;
let published: { keys: Record<string, unknown>[] };

beforeAll(async () => {
  published = (await createTestIssuer(createFakeClock())).jwks() as typeof published;
});

function setUp(answer: () => unknown = () => published) {
  const clock = createFakeClock();
  let reads = 0;
  const fetchJwks = () => {
    reads += 1;
    return Promise.resolve().then(answer);
  };
  return { clock, keys: createClusterKeys({ clock, log: silentLog, fetchJwks }), reads: () => reads };
}

describe('keys of the cluster', () => {
  it('are read once for many questions at the same time', async () => {
    const { keys, reads } = setUp();
    const found = await Promise.all([
      keys.find('key-1', signal),
      keys.find('key-1', signal),
      keys.find('key-1', signal),
    ]);
    expect(found.every((key) => key !== undefined)).toBe(true);
    expect(reads()).toBe(1);
  });

  it('are read again for an unknown id, but not more often than every 10 seconds', async () => {
    const { clock, keys, reads } = setUp();
    await keys.find('key-1', signal);
    for (let index = 0; index < 100; index += 1) await keys.find(`made-up-${index}`, signal);
    expect(reads()).toBe(1);
    await clock.advance(10_000);
    await keys.find('made-up', signal);
    expect(reads()).toBe(2);
  });

  it('are found after a rotation', async () => {
    let answer = published;
    const { clock, keys } = setUp(() => answer);
    await keys.find('key-1', signal);
    answer = { keys: published.keys.map((key) => ({ ...key, kid: 'key-2' })) };
    await clock.advance(10_000);
    expect(await keys.find('key-2', signal)).toBeDefined();
    expect(await keys.find('key-1', signal)).toBeUndefined();
  });

  it('do not count any longer when they are old and cannot be read', async () => {
    let down = false;
    const { clock, keys } = setUp(() => {
      if (down) throw new Error('connection refused');
      return published;
    });
    await keys.find('key-1', signal);
    down = true;
    await clock.advance(5 * 60_000 - 1);
    expect(await keys.find('key-1', signal)).toBeDefined();
    await clock.advance(1);
    expect(await keys.find('key-1', signal)).toBeUndefined();
  });

  it.each([
    ['a symmetric key', { kty: 'oct', kid: 'odd', k: 'c2VjcmV0', n: 'AQAB', e: 'AQAB', alg: 'RS256' }],
    ['an elliptic key', { kty: 'EC', kid: 'odd', crv: 'P-256', x: 'x', y: 'y' }],
    ['a key without its modulus', { kty: 'RSA', kid: 'odd', e: 'AQAB' }],
  ])('leave out %s and keep the others', async (_name, key) => {
    const { keys } = setUp(() => ({ keys: [key, ...published.keys] }));
    expect(await keys.find('odd', signal)).toBeUndefined();
    expect(await keys.find('key-1', signal)).toBeDefined();
  });

  it('keep the first of two with one id', async () => {
    const [first] = published.keys;
    const { keys } = setUp(() => ({ keys: [first, { ...first, n: 'AQAB' }] }));
    const key = await keys.find('key-1', signal);
    if (key === undefined) throw new Error('no key');
    expect((await exportJWK(key)).n).toBe(first?.['n']);
  });

  it.each([
    ['nothing', undefined],
    ['a text', '<html>'],
    ['no list', { keys: 'none' }],
  ])('are none when the answer is %s', async (_name, answer) => {
    const { keys } = setUp(() => answer);
    expect(await keys.find('key-1', signal)).toBeUndefined();
  });
});
