import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import type { ProviderMountResult } from '#providerapi';
import { createFakeClock } from '../base/testing/index.ts';
import { createBareDriver } from './testing/bare-driver.ts';
import { createFakeMounter, type FakeMounter } from './testing/fake-mounter.ts';
import { filesOf } from './testing/harness.ts';
import { createKillSwitch, Killed, type KillSwitch } from './testing/kill-switch.ts';

const clock = createFakeClock();
const ROTATED = { a: 'new', 'd/b': 'new' };
const FIRST = { a: 'old', 'd/b': 'old' };

let folder: string;
let target: string;
let mounter: FakeMounter;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-crash-'));
  target = join(folder, 'volume', 'mount');
  await mkdir(join(folder, 'volume'));
  mounter = createFakeMounter();
});
afterEach(async () => {
  await mounter.reboot();
  await rm(folder, { recursive: true, force: true });
});

type Answer = () => ProviderMountResult | Promise<ProviderMountResult>;

/** A driver as after its start, on what an earlier one left; with a switch, one that is killed. Every check is due for it. */
function driver(answer: Answer, kill?: KillSwitch) {
  const recordFolder = join(folder, 'records');
  const bare = createBareDriver({ recordFolder, target, mounter, clock, answer, kill });
  return {
    ...bare,
    publish: async () => {
      await clock.advance(1000);
      await bare.publish();
    },
  };
}

const healthy: Answer = () => filesOf(FIRST);
const failing: Answer = () => Promise.reject(new KeyferryError('unknown', 'no'));
const content = () => ({
  a: readFileSync(join(target, 'a'), 'utf8'),
  'd/b': readFileSync(join(target, 'd/b'), 'utf8'),
});

/** Calls `round` with a switch that falls at step 0, 1, 2, … until one run comes through whole; answers how many fell. */
async function atEachStep(round: (kill: KillSwitch) => Promise<void>): Promise<number> {
  for (let step = 0; ; step += 1) {
    const kill = createKillSwitch(step);
    await round(kill);
    await driver(healthy).unpublish();
    if (!kill.fallen) return step;
  }
}

const swallowKill = async (work: Promise<void>): Promise<void> => {
  await work.catch((error: unknown) => {
    // The undo of a killed process does not run either: what comes out is the failure that it would have answered.
    if (!(error instanceof Killed || error instanceof KeyferryError)) throw error;
  });
};

describe('a driver killed at any step of a first publish', () => {
  it('has the right files after the next one', async () => {
    const kills = await atEachStep(async (kill) => {
      await swallowKill(driver(healthy, kill).publish());
      await driver(healthy).publish();
      expect(mounter.mounted.has(target)).toBe(true);
      expect(content()).toEqual(FIRST);
    });
    expect(kills).toBeGreaterThan(10);
  });

  it('never answers OK without files: the next publish fails and leaves nothing mounted, or the files are whole', async () => {
    const outcomes = new Set<string>();
    await atEachStep(async (kill) => {
      await swallowKill(driver(healthy, kill).publish());
      const failed = await driver(failing)
        .publish()
        .then(() => false)
        .catch(() => true);
      outcomes.add(failed ? 'failed' : 'kept');
      expect(failed ? mounter.mounted.has(target) : content()).toEqual(failed ? false : FIRST);
    });
    expect([...outcomes].sort()).toEqual(['failed', 'kept']);
  });

  it('has the right files after a reboot', async () => {
    await atEachStep(async (kill) => {
      await swallowKill(driver(healthy, kill).publish());
      await mounter.reboot();
      await driver(healthy).publish();
      expect(mounter.mounted.has(target)).toBe(true);
      expect(content()).toEqual(FIRST);
    });
  });

  it('takes all away when the pod goes', async () => {
    await atEachStep(async (kill) => {
      await swallowKill(driver(healthy, kill).publish());
      await driver(healthy).unpublish();
      expect(mounter.mounted.size).toBe(0);
      expect(existsSync(target)).toBe(false);
    });
  });
});

describe('a driver killed at any step of a refresh', () => {
  it('leaves the old or the new files, mounted, and has the new ones after the next', async () => {
    const kills = await atEachStep(async (kill) => {
      await driver(healthy).publish();
      await swallowKill(driver(() => filesOf(ROTATED, 'v2'), kill).publish());
      expect(mounter.mounted.has(target)).toBe(true);
      expect([FIRST, ROTATED]).toContainEqual(content());
      await driver(() => filesOf(ROTATED, 'v2')).publish();
      expect(content()).toEqual(ROTATED);
    });
    expect(kills).toBeGreaterThan(10);
  });
});

describe('a driver killed at any step of an unpublish', () => {
  it('takes all away at the next', async () => {
    await atEachStep(async (kill) => {
      await driver(healthy).publish();
      await swallowKill(driver(healthy, kill).unpublish());
      await driver(healthy).unpublish();
      expect(mounter.mounted.size).toBe(0);
      expect(existsSync(target)).toBe(false);
    });
  });
});
