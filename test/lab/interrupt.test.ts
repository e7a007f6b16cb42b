import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RESOURCES } from '#kube';
import { packageRoot } from '#lab/session';
import { interrupt, LAB_STARTERS, moments, WAYS, type Way } from '../support/interruptions.ts';
import { createPerson } from '../support/keyferry.ts';
import { eventually, makeCluster, startTestLab } from '../support/test-lab.ts';

// test/endurance/interrupt.test.ts has many moments; here each command meets some, and each way is met.
const ROUNDS: readonly (readonly [string, Way, number])[] = LAB_STARTERS.flatMap(({ name }, command) =>
  WAYS.filter((_way, index) => index % LAB_STARTERS.length === command).map(
    (way, index) => [name, way, index] as const,
  ),
);

describe('an interrupted command', () => {
  it.each(ROUNDS)('%s leaves nothing after %s (moment %i)', { timeout: 90_000 }, async (name, way, index) => {
    const command = LAB_STARTERS.find((one) => one.name === name);
    if (command === undefined) throw new Error(name);
    const moment = moments(command.seed, index + 1, command.lines)[index];
    if (moment === undefined) throw new Error('no moment');
    const { exitCode, left } = await interrupt(command.args, way, moment);
    expect(left).toEqual([]);
    expect([0, 129, 130, 143, null, undefined]).toContain(exitCode);
  });

  it('says with its exit code by what it was ended', { timeout: 90_000 }, async () => {
    const before = { afterLines: 1, delayMs: 0 };
    expect((await interrupt(['demo'], 'SIGINT', before)).exitCode).toBe(130);
    expect((await interrupt(['demo'], 'SIGTERM', before)).exitCode).toBe(143);
  });
});

describe('a terminal that is closed', () => {
  it('ends a command with its own exit code, not by a crash', { timeout: 90_000 }, async () => {
    await using person = await createPerson();
    const [up, code] = [join(person.home, 'up'), join(person.home, 'code')];
    const keyferry = `'${process.execPath}' '${join(packageRoot(), 'bin', 'keyferry')}'`;
    // A shell that outlives the terminal, and passes on that it was closed, tells the code.
    const run = `${keyferry} lab run --ephemeral -- sh -c 'echo up > ${up}; sleep 600'`;
    const line = `${run} & trap "kill -HUP $!" HUP; wait $!; wait $!; echo $? > ${code}`;
    const terminal = spawn('script', ['--quiet', '--command', line, '/dev/null'], { env: person.env });
    const written = (path: string) => () => {
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      return Promise.resolve(text.endsWith('\n') ? { found: text.trim() } : { seen: text });
    };
    await eventually('the command runs', written(up));
    terminal.kill('SIGKILL');
    expect(await eventually('the command has ended', written(code))).toBe('129');
  });
});

describe('a command that follows', () => {
  it('ends when it is interrupted, and the lab that it looked at goes on', { timeout: 120_000 }, async () => {
    await using lab = await startTestLab();
    using cluster = await makeCluster(lab);
    await cluster.client.create(RESOURCES.pods, 'default', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default' },
      spec: { containers: [{ name: 'a', image: 'ubuntu', command: ['sleep', '600'] }] },
    });
    const afterSome = { afterLines: 1, delayMs: 50 };
    for (const command of [
      ['lab', 'trace', 'p', '--follow'],
      ['lab', 'audit', '--follow'],
    ]) {
      for (const way of WAYS) {
        const { output, left, exitCode } = await interrupt([...command, '--state', lab.folder.root], way, afterSome);
        expect({ left, output }).toEqual({ left: [], output: expect.not.stringMatching(/error|bug/i) as unknown });
        // By the signal itself, which a shell tells as 130 and the like.
        expect(exitCode ?? null).toBeNull();
      }
    }
    expect((await lab.lab.control.status()).clusters).toHaveLength(1);
  });
});
