import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readdir } from 'node:fs/promises';
import type { ProviderMountResult, ProviderNotice } from '#providerapi';
import { filesOf, startHarness, type DriverHarness } from '../testing/harness.ts';

const INTERVAL_MS = 120_000;
const MISSING: ProviderNotice = { type: 'Normal', reason: 'OptionalObjectMissing', message: 'no file for two' };
const IGNORED: ProviderNotice = { type: 'Warning', reason: 'UnknownObjectField', message: 'objectAlia is ignored' };

let driver: DriverHarness;
let answer: ProviderMountResult;

beforeEach(async () => {
  driver = await startHarness({ refreshIntervalMs: INTERVAL_MS });
  answer = filesOf({ one: 'first' });
  driver.answer = () => answer;
});

afterEach(async () => {
  await driver[Symbol.asyncDispose]();
});

async function check(notices: readonly ProviderNotice[]): Promise<readonly string[]> {
  const before = driver.events.length;
  answer = { ...answer, notices };
  await driver.publish();
  await driver.clock.advance(2 * INTERVAL_MS);
  await driver.idle();
  return driver.events.slice(before).map(({ pod, type, reason, message }) => `${pod} ${type} ${reason} ${message}`);
}

describe('what a provider tells about a volume', () => {
  it('is an event on the pod, once while nothing changes', async () => {
    expect(await check([MISSING])).toEqual(['shop/web-1 Normal OptionalObjectMissing no file for two']);
    expect(await check([MISSING])).toEqual([]);
    expect(await check([MISSING, IGNORED])).toEqual(['shop/web-1 Warning UnknownObjectField objectAlia is ignored']);
    expect(await check([IGNORED])).toEqual([]);
  });

  it('is told again after it was not so, and for another volume of the same place', async () => {
    await check([MISSING]);
    await check([]);
    expect(await check([MISSING])).toHaveLength(1);
    await driver.unpublish();
    expect(await check([MISSING])).toHaveLength(1);
  });
});

describe('a provider that says that there is no file', () => {
  it('empties the volume, and a later check fills it again', async () => {
    await check([]);
    answer = { files: [], noFiles: true, versions: [{ id: 'secret/one', version: 'absent' }] };
    await check([]);
    expect((await readdir(driver.target)).filter((name) => !name.startsWith('..'))).toEqual([]);
    answer = filesOf({ one: 'second' });
    await check([]);
    expect((await readdir(driver.target)).filter((name) => !name.startsWith('..'))).toEqual(['one']);
  });
});
