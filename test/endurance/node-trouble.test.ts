// A node process that is not killed, but cannot do its work for a while.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { readProcessFile } from '../support/node-process.ts';
import { startKillScenario, type KillScenario } from '../support/node-kills.ts';
import { list } from '../support/node-volumes.ts';

let scenario: KillScenario;
beforeAll(async () => {
  scenario = await startKillScenario('trouble');
});
afterAll(async () => scenario?.[Symbol.asyncDispose]());

/** While the driver cannot do it, kubelet asks for all of this. */
async function work(): Promise<void> {
  for (const moment of ['publish', 'refresh', 'publish', 'unpublish'] as const) await scenario.provoke(moment);
}

describe('a node process', () => {
  it('that stands still for a minute does afterwards what it was asked for, and running pods keep their files', async () => {
    const pid = await scenario.nodeProcess();
    process.kill(pid, 'SIGSTOP');
    await work();
    await systemClock.sleep(60_000);
    process.kill(pid, 'SIGCONT');
    await expect(scenario.heal()).resolves.toBeUndefined();
    await expect(scenario.settle()).resolves.toBeUndefined();
  }, 280_000);

  it('that can open no more files heals when it can, and running pods keep their files', async () => {
    const pid = await scenario.nodeProcess();
    const before = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readProcessFile(pid, 'limits'));
    const limitTo = (limits: string) => execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${limits}`]);
    limitTo(`${list(`/proc/${pid}/fd`).length}:${before?.[2]}`);
    await work();
    await systemClock.sleep(5_000);
    limitTo(`${before?.[1]}:${before?.[2]}`);
    await expect(scenario.heal()).resolves.toBeUndefined();
    await expect(scenario.settle()).resolves.toBeUndefined();
  }, 280_000);
});
