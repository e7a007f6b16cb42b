import { beforeAll, describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createMemoryLog } from '../base/testing/index.ts';
import { createProviderTests, type ProviderTests } from './testing/index.ts';

const ONE = 'array: [{objectName: one, objectType: secret}]';
const VAULT = 'https://kv-one.vault.azure.net';

let tests: ProviderTests;

beforeAll(async () => {
  tests = await createProviderTests();
});

/** A mount of one secret under way, and what it says that it waits for. */
function start(prepare: (setting: ReturnType<ProviderTests['setUp']>) => void) {
  const log = createMemoryLog();
  const setting = tests.setUp({ log });
  prepare(setting);
  let waiting: () => string | undefined = () => undefined;
  const mount = setting.provider.mount({
    ...tests.request(ONE),
    onProgress: (look) => {
      waiting = look;
    },
  });
  return { ...setting, log, mount, waiting: () => waiting() };
}

/** Work that goes on until it is let go. */
function held() {
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  return { until, release: () => release() };
}

describe('a mount that takes long', () => {
  it('says that it waits for a token, of whom and for how long, and writes it to the log after 15 s', async () => {
    const { until, release } = held();
    const { azure, clock, log, mount, waiting } = start((setting) => (setting.azure.onExchange = () => until));
    await expect.poll(() => azure.exchanges.length).toBe(1);
    await clock.advance(14_999);
    expect(log.lines.some(({ message }) => message === 'Mount is slow')).toBe(false);
    await clock.advance(1);
    expect(waiting()).toBe('a token from https://login.microsoftonline.com for 15 s');
    expect(log.lines.find(({ message }) => message === 'Mount is slow')).toMatchObject({
      fields: { namespace: 'team', pod: 'web-1', waitsFor: waiting() },
    });
    release();
    await mount;
    expect(waiting()).toBeUndefined();
  });

  it('says that it waits for the vault, and what that said last', async () => {
    const { until, release } = held();
    let first = true;
    const { azure, clock, mount, waiting } = start((setting) => {
      setting.azure.onRead = async () => {
        if (!first) return until;
        first = false;
        throw new KeyferryError('resource-exhausted', `reading from ${VAULT}: Throttled: too many`, {
          retryAfterMs: 4_000,
        });
      };
    });
    await expect.poll(() => azure.reads.length).toBe(1);
    await clock.advance(4_000);
    await expect.poll(() => azure.reads.length).toBe(2);
    await clock.advance(2_000);
    expect(waiting()).toBe(`an object of ${VAULT} for 6 s (it said: Throttled: too many)`);
    release();
    await mount;
  });

  it('says the same when another mount’s request is the one that it waits for', async () => {
    const { until, release } = held();
    const { azure, clock, mount, provider } = start((setting) => (setting.azure.onExchange = () => until));
    await expect.poll(() => azure.exchanges.length).toBe(1);
    let waiting: (() => string | undefined) | undefined;
    const second = provider.mount({ ...tests.request(ONE), onProgress: (look) => (waiting = look) });
    await expect.poll(() => waiting?.()).toBeDefined();
    await clock.advance(3_000);
    expect(waiting?.()).toBe('a token from https://login.microsoftonline.com for 3 s');
    release();
    await Promise.all([mount, second]);
    expect(azure.exchanges).toHaveLength(1);
  });
});
