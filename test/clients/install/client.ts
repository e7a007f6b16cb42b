import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A program, or a set of libraries, that nobody here wrote and that the clients tier runs. */
export interface Client {
  /** How tests ask for it; also the name of its folder in the cache. */
  readonly name: string;
  /** What it is and how long it takes, for the person who waits: `az 2.91.0 (PyPI; about a minute)`. */
  readonly summary: string;
  /** Everything the result depends on: versions, the text of lock files. A change installs it anew. */
  readonly inputs: readonly string[];
  /** What this machine lacks for it, or nothing. */
  missing(): Promise<string | undefined>;
  /** Fills the (empty) folder. The folder is never moved afterwards. */
  install(folder: string, run: RunStep): Promise<void>;
  /** The programs it brings: name → path inside the folder. */
  readonly programs: Readonly<Record<string, string>>;
  /** The version that the installed thing tells of itself. */
  version(folder: string): Promise<string>;
}

/** Runs one step of an installation, its output in the client's log. Throws when it fails. */
export type RunStep = (
  program: string,
  args: readonly string[],
  options?: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> },
) => Promise<void>;

/** What became of a client on this machine. */
export type Installed =
  | { readonly folder: string; readonly version: string; readonly programs: Readonly<Record<string, string>> }
  | { readonly skipped: string };

/** The folder of everything that the clients tier fetches: `$KEYFERRY_CLIENTS`, or `keyferry/clients` in the person's cache. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env['KEYFERRY_CLIENTS'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'keyferry', 'clients');
}

/** Installs a client into the cache, or finds it there. An installation that was cut short is begun anew. */
export async function installClient(client: Client, cache: string): Promise<Installed> {
  const missing = await client.missing();
  if (missing !== undefined) return { skipped: missing };
  const folder = join(cache, `${client.name}-${fingerprint(client.inputs)}`);
  const stamp = join(folder, '.installed');
  const log = `${folder}.log`;
  try {
    if (!existsSync(stamp)) {
      console.error(`installing ${client.summary}`);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      await client.install(folder, stepRunner(log));
      writeFileSync(stamp, '');
    }
    const version = await client.version(folder);
    const programs = Object.fromEntries(
      Object.entries(client.programs).map(([name, path]) => [name, join(folder, path)]),
    );
    return { folder, version, programs };
  } catch (error) {
    rmSync(stamp, { force: true });
    return { skipped: `${error instanceof Error ? error.message : String(error)}; the whole output: ${log}` };
  }
}

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
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${lastLines(err)}`);
  return out.trim();
}

function stepRunner(log: string): RunStep {
  const out = createWriteStream(log);
  return async (program, args, { cwd, env } = {}) => {
    out.write(`$ ${program} ${args.join(' ')}\n`);
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(out, { end: false });
    child.stderr.pipe(out, { end: false });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) {
      throw new Error(`\`${program} ${args.join(' ')}\` ended with ${code}: ${lastLines(readFileSync(log, 'utf8'))}`);
    }
  };
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' / ');
}

function fingerprint(inputs: readonly string[]): string {
  return createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 12);
}
