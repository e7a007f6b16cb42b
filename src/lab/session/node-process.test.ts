import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createFakeRandom } from '../../base/testing/index.ts';
import { startNodeProcess, type NodeProcess } from './node-process.ts';

let folder: string;
let socket: string;
let running: NodeProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-node-process-'));
  socket = join(folder, 'reg.sock');
});
afterEach(async () => {
  await running?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Starts a shell script in the place of `keyferry node`; the pauses between its runs are collected, not waited for. */
function start(script: string, runs: number, program = '/bin/sh') {
  const pauses: number[] = [];
  let enough: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    enough = resolve;
  });
  running = startNodeProcess({
    command: [program, '-c', script, 'sh', socket],
    env: { PATH: process.env['PATH'] ?? '' },
    logFile: join(folder, 'node.log'),
    registrationSocket: socket,
    clock: {
      ...systemClock,
      sleep: async (ms, options) => {
        pauses.push(ms);
        if (pauses.length < runs) return;
        enough();
        await systemClock.sleep(3_600_000, options);
      },
    },
    random: createFakeRandom(),
    log: silentLog,
  });
  return { pauses, done };
}

const hasLogged = (text: string) => {
  const log = join(folder, 'node.log');
  return existsSync(log) && readFileSync(log, 'utf8').includes(text);
};

describe('a node process that ends', () => {
  it('is started again after growing pauses while it never comes so far as to register', async () => {
    const { pauses, done } = start('exit 1', 6);
    await done;
    for (const [index, pause] of pauses.slice(1).entries()) expect(pause).toBeGreaterThan(pauses[index] as number);
    expect(running?.state).toBe('restarting');
  });

  it('is started again at once when it had registered, however soon it died', async () => {
    const { pauses, done } = start('rm -f "$1"; : > "$1"; kill -KILL $$', 6);
    await done;
    expect(Math.max(...pauses)).toBeLessThan(500);
  });

  it('that cannot be started is tried again', async () => {
    const { pauses, done } = start('', 3, '/nowhere/keyferry');
    await done;
    expect(pauses).toHaveLength(3);
  });

  it('does not count as running by the socket that a killed one left', async () => {
    writeFileSync(socket, '');
    start('echo up; exec sleep 3600', 1);
    while (!hasLogged('up')) await systemClock.sleep(5);
    expect(running?.state).toBe('starting');
  });
});
