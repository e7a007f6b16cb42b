import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';

/** Runs one step of an installation, its output in the client's log. Throws when it fails. */
export type RunStep = (
  program: string,
  args: readonly string[],
  options?: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> },
) => Promise<void>;

/** A package manager that waits for a network which never answers ends here; the slowest step takes two minutes. */
const STEP_TIMEOUT_MS = 15 * 60_000;

/** What a program prints when it ends well; throws with its last words otherwise. */
export async function outputOf(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(failure(program, args, code ?? signal, err));
  return out.trim();
}

/** Runs steps whose commands and output are all in one log, begun anew. `signal` ends the step that runs. */
export function stepRunner(
  logPath: string,
  { signal, timeoutMs = STEP_TIMEOUT_MS }: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): RunStep {
  writeFileSync(logPath, '');
  return async (program, args, { cwd, env } = {}) => {
    appendFileSync(logPath, `$ ${program} ${args.join(' ')}\n`);
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: package managers start programs of their own, which have to end with them.
      detached: true,
    });
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      } catch {
        // All of the group have ended in this moment.
      }
    };
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener('abort', end);
    let tail = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        appendFileSync(logPath, chunk);
        tail = (tail + chunk.toString('utf8')).slice(-4096);
      });
    }
    const [code, endedBy] = await ended.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
    });
    if (code !== 0) throw new Error(failure(program, args, code ?? endedBy, tail));
  };
}

function failure(program: string, args: readonly string[], end: number | string | null, said: string): string {
  const lastLines = said.trim().split('\n').slice(-3).join(' / ');
  return `\`${program} ${args.join(' ')}\` ended with ${end}: ${lastLines}`;
}
