import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ProviderMountResult } from '#providerapi';
import { filesOf, startHarness, type DriverHarness } from '../testing/harness.ts';

// Two node processes at once, as in an update that starts the new one before it ends the old one.

const read = ({ target }: DriverHarness) => readFileSync(join(target, 'password'), 'utf8');
const MESSAGE = 'Another driver has taken the socket and refreshes the volumes';
const told = ({ log }: DriverHarness) => log.lines.filter(({ message }) => message === MESSAGE).length;

it('a driver whose socket another one took checks no volume any more, and says so once', async () => {
  await using harness = await startHarness();
  await harness.publish();
  const other = join(harness.target, '../../other/mount');
  await harness.publish({ targetPath: other });
  const old = await harness.overtake();
  for (let check = 0; check < 3; check += 1) await harness.nextChecks();
  await old.idle();
  expect(harness.mounts).toHaveLength(2);
  expect(told(harness)).toBe(1);
});

it('the other one checks them from the next call of kubelet on', async () => {
  await using harness = await startHarness();
  await harness.publish();
  const old = await harness.overtake();
  await harness.publish();
  harness.answer = () => filesOf({ password: 'changed' }, 'v2');
  await harness.nextChecks();
  await old.idle();
  expect(read(harness)).toBe('changed');
  expect(harness.mounts).toHaveLength(2);
});

it('what the old one had asked for is not written over what the new one wrote, and is no failure', async () => {
  await using harness = await startHarness();
  await harness.publish();
  const answered: ((result: ProviderMountResult) => void)[] = [];
  harness.answer = () => new Promise((resolve) => answered.push(resolve));
  await harness.clock.advance(120_000);
  await expect.poll(() => answered.length).toBe(1);
  const old = await harness.overtake();
  harness.answer = () => filesOf({ password: 'new' }, 'v3');
  await harness.publish();
  await harness.nextChecks();
  expect(read(harness)).toBe('new');
  answered[0]?.(filesOf({ password: 'stale' }, 'v2'));
  await old.idle();
  expect(read(harness)).toBe('new');
  const reasons = harness.events.map(({ reason }) => reason);
  expect(reasons).toContain('MountRotationComplete');
  expect(reasons).not.toContain('MountRotationFailed');
});

it('a volume that the new one took away stays away', async () => {
  await using harness = await startHarness();
  await harness.publish();
  const old = await harness.overtake();
  await harness.unpublish();
  await harness.nextChecks();
  await old.idle();
  expect(harness.mounts).toHaveLength(1);
});
