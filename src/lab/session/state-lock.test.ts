import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { lockStateFolder } from './state-lock.ts';

const scratch = mkdtempSync(join(tmpdir(), 'keyferry-lock-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** The machine's clock, but nobody waits. */
const impatient = { ...systemClock, sleep: () => Promise.resolve() };

describe('the lock of a state folder', () => {
  it("is one process's at a time, and another folder is another lock", async () => {
    const [one, other] = [join(scratch, 'one'), join(scratch, 'other')];
    for (const folder of [one, other]) mkdirSync(folder);
    {
      await using _held = await lockStateFolder(one, impatient);
      await using _other = await lockStateFolder(other, impatient);
      await expect(lockStateFolder(one, impatient)).rejects.toThrow(`has the state folder ${one}`);
    }
    await using _again = await lockStateFolder(one, impatient);
  });

  it('goes with a process that is killed, and outlives one that is only stopped', async () => {
    const folder = join(scratch, 'killed');
    mkdirSync(folder);
    const program = `import('${new URL('state-lock.ts', import.meta.url).href}').then(async ({ lockStateFolder }) => {
      await lockStateFolder(${JSON.stringify(folder)}, { sleep: () => Promise.resolve() });
      console.log('locked');
      setInterval(() => undefined, 1000);
    })`;
    const holder = spawn(process.execPath, ['--import', 'tsx', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(holder.stdout, 'data');
      holder.kill('SIGSTOP');
      await expect(lockStateFolder(folder, impatient)).rejects.toThrow('a lab that does not answer');
    } finally {
      holder.kill('SIGKILL');
    }
    await using _held = await lockStateFolder(folder, systemClock);
  });
});
