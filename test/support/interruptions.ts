import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base';
import { packageRoot } from '#lab/session';
import { labTraces } from './traces.ts';

/** The ways in which people, terminals and other programs end a command. */
export const WAYS = ['Ctrl-C', 'Ctrl-C twice', 'closed terminal', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One of {@link WAYS}. */
export type Way = (typeof WAYS)[number];

/** Commands that start a lab, with about how many lines they print until their end. */
export const LAB_STARTERS = [
  { name: 'demo', args: ['demo'], lines: 60, seed: 1 },
  { name: 'lab up', args: ['lab', 'up', '--ephemeral'], lines: 4, seed: 2 },
  { name: 'lab run', args: ['lab', 'run', '--ephemeral', '--', 'sh', '-c', 'echo runs; sleep 60'], lines: 1, seed: 3 },
] as const;

/** When a command is interrupted: after so many lines of its output, and then so much later. */
export interface Moment {
  readonly afterLines: number;
  readonly delayMs: number;
}

/** Moments that are the same each time for one seed (mulberry32); half of them before there is any output. */
export function moments(seed: number, count: number, maxLines: number): Moment[] {
  let state = seed >>> 0;
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return Array.from({ length: count }, (_, index) =>
    index % 2 === 0
      ? { afterLines: 0, delayMs: Math.floor(fraction() * 900) }
      : { afterLines: 1 + Math.floor(fraction() * maxLines), delayMs: Math.floor(fraction() * 150) },
  );
}

/** What an interrupted command was like. */
export interface Interrupted {
  /** Null after a death by signal; undefined where a terminal stood between. */
  readonly exitCode: number | null | undefined;
  readonly output: string;
  /** Processes, mounts and files that were still there half a minute later. */
  readonly left: readonly string[];
}

const ENDS_WITHIN_MS = 30_000;
const PTY_WAYS: readonly Way[] = ['Ctrl-C', 'Ctrl-C twice', 'closed terminal'];

/**
 * Runs `keyferry ARGS…` with a runtime folder of its own, interrupts it, and looks what is left of it. Throws when it
 * does not end within half a minute.
 */
export async function interrupt(args: readonly string[], way: Way, moment: Moment): Promise<Interrupted> {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-interrupt-'));
  try {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      TMPDIR: folder,
      XDG_RUNTIME_DIR: folder,
      TERM: 'xterm',
      // By which every process that comes of it is found.
      KEYFERRY_TEST_MARK: folder,
    };
    const child = start(args, PTY_WAYS.includes(way), env);
    const output = collect(child);
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const isOver = ended.then(() => true);
    await Promise.race([isOver, output.lines(moment.afterLines)]);
    await Promise.race([isOver, systemClock.sleep(moment.delayMs)]);
    await apply(child, way);
    const exitCode = await Promise.race([
      ended,
      systemClock.sleep(ENDS_WITHIN_MS).then(() => {
        throw new Error(`it does not end after ${way}: ${output.text()}`);
      }),
    ]);
    const left = await leftoversAtLast(folder);
    return { exitCode: PTY_WAYS.includes(way) ? undefined : exitCode, output: output.text(), left };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function start(args: readonly string[], atTerminal: boolean, env: Record<string, string>): ChildProcess {
  const keyferry = join(packageRoot(), 'bin', 'keyferry');
  if (!atTerminal) return spawn(process.execPath, [keyferry, ...args], { env });
  const command = [process.execPath, keyferry, ...args].map((word) => `'${word}'`).join(' ');
  return spawn('script', ['--quiet', '--flush', '--return', '--command', `exec ${command}`, '/dev/null'], { env });
}

async function apply(child: ChildProcess, way: Way): Promise<void> {
  switch (way) {
    case 'Ctrl-C':
      child.stdin?.write('\u0003');
      return;
    case 'Ctrl-C twice':
      child.stdin?.write('\u0003');
      await systemClock.sleep(100);
      child.stdin?.write('\u0003');
      return;
    case 'closed terminal':
      child.kill('SIGKILL');
      return;
    case 'SIGINT':
    case 'SIGTERM':
    case 'SIGHUP':
      child.kill(way);
  }
}

interface Collected {
  text(): string;
  /** Resolves when there are so many lines. */
  lines(count: number): Promise<void>;
}

function collect(child: ChildProcess): Collected {
  let text = '';
  let look: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      look();
    });
  }
  // A terminal that is gone takes no more keys.
  child.stdin?.on('error', () => undefined);
  return {
    text: () => text,
    lines: (count) =>
      new Promise((resolve) => {
        look = () => {
          if (text.split('\n').length > count) resolve();
        };
        look();
      }),
  };
}

/** What there still is of a command whose processes, mounts and files are known by its folder. */
function leftovers(folder: string): string[] {
  return [
    ...readdirSync(folder).map((name) => `file ${name}`),
    ...labTraces()
      .mounts.filter((line) => line.includes(folder))
      .map((line) => `mount ${line}`),
    ...readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && holds(`/proc/${name}/environ`, folder))
      .map((pid) => `process ${pid}`),
  ];
}

function holds(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'latin1').includes(text);
  } catch {
    return false;
  }
}

/** Whoever loses its terminal or its starter may need a moment. */
async function leftoversAtLast(folder: string): Promise<string[]> {
  const untilMs = systemClock.monotonic() + ENDS_WITHIN_MS;
  for (;;) {
    const left = leftovers(folder);
    if (left.length === 0 || systemClock.monotonic() > untilMs) return left;
    await systemClock.sleep(50);
  }
}
