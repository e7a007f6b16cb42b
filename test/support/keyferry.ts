import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { chown, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '#lab/session';

/** How a program ended and what it printed. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** Somebody who runs programs: with a home folder of their own, and nothing of this process's environment but the PATH. */
export interface Person extends AsyncDisposable {
  readonly home: string;
  readonly env: Record<string, string>;
  /** Runs bin/keyferry to its end. */
  keyferry(...args: readonly string[]): Promise<Outcome>;
  /** Starts bin/keyferry; the caller ends it. */
  start(...args: readonly string[]): ChildProcess;
}

const NOBODY = 65534;

/** The person who runs the tests, or (only when that is root) an ordinary user without any rights. */
export async function createPerson(kind: 'self' | 'ordinary-user' = 'self'): Promise<Person> {
  const home = mkdtempSync(join(tmpdir(), 'keyferry-home-'));
  const id = kind === 'ordinary-user' ? { uid: NOBODY, gid: NOBODY } : {};
  if (kind === 'ordinary-user') await chown(home, NOBODY, NOBODY);
  const env = { PATH: process.env['PATH'] ?? '', HOME: home };
  const start = (...args: readonly string[]) =>
    spawn(process.execPath, [join(packageRoot(), 'bin', 'keyferry'), ...args], { env, ...id });
  return {
    home,
    env,
    start,
    keyferry: (...args) => outcomeOf(start(...args)),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

/** Waits for a child's end and collects what it prints. */
export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString('utf8');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, out, err }));
  });
}
