import { afterEach, describe, expect, it } from 'vitest';
import { RESOURCES } from '#kube';
import { filesOf, startHarness, type DriverHarness } from '../testing/harness.ts';

const secretObjects = [
  {
    secretName: 'db-secret',
    type: 'Opaque',
    data: [
      { objectName: 'password', key: 'PASSWORD' },
      { objectName: 'extra/one', key: 'EXTRA' },
    ],
  },
];
const INTERVAL_MS = 120_000;
let driver: DriverHarness;

afterEach(() => driver[Symbol.asyncDispose]());

const keys = () => {
  const secret = driver.kube.find(RESOURCES.secrets, { namespace: 'shop', name: 'db-secret' });
  return Object.keys((secret?.['data'] ?? {}) as object).toSorted();
};
const failures = () => driver.events.filter(({ reason }) => reason === 'FailedToCreateSecret');

describe('a Secret with a key of a file that is optional and not there', () => {
  it('is made without the key, and has it once the file is there', async () => {
    driver = await startHarness({ secretObjects, refreshIntervalMs: INTERVAL_MS });
    driver.answer = () => ({ ...filesOf({ password: 'hunter2' }), absentFiles: ['extra'] });
    await driver.publish();
    expect(keys()).toEqual(['PASSWORD']);
    driver.answer = () => filesOf({ password: 'hunter2', 'extra/one': '1' });
    await driver.clock.advance(2 * INTERVAL_MS);
    await driver.publish();
    expect(keys()).toEqual(['EXTRA', 'PASSWORD']);
    expect(failures()).toEqual([]);
  });

  it('is looked after without the key by the next process too', async () => {
    driver = await startHarness({ secretObjects, refreshIntervalMs: 24 * 3_600_000 });
    driver.answer = () => ({ ...filesOf({ password: 'hunter2' }), absentFiles: ['extra/one'] });
    await driver.publish();
    await driver.restart();
    await driver.kube.delete(RESOURCES.secrets, { namespace: 'shop', name: 'db-secret' });
    await driver.clock.sleepers();
    await driver.clock.advance(6 * 60_000);
    await driver.idle();
    expect(keys()).toEqual(['PASSWORD']);
    expect(failures()).toEqual([]);
  });

  it('fails for a file whose name only begins like one that is absent', async () => {
    driver = await startHarness({ secretObjects, refreshIntervalMs: INTERVAL_MS });
    driver.answer = () => ({ ...filesOf({ password: 'hunter2' }), absentFiles: ['extr', 'extra/on'] });
    await driver.publish();
    expect(failures()).toMatchObject([{ message: expect.stringContaining('extra/one not found in the pod') }]);
  });
});
