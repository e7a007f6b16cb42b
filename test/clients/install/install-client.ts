import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, Installed } from './client.ts';
import { stepRunner, type RunStep } from './programs.ts';

/**
 * Installs a client into the cache, or finds it there. An installation that was cut short, or whose programs no longer
 * run (the machine's Python went, say), is begun anew. A failure is the reason for which the client is skipped.
 */
export async function installClient(client: Client, cache: string, signal?: AbortSignal): Promise<Installed> {
  const missing = await client.missing();
  if (missing !== undefined) return { skipped: missing };
  const folder = folderOf(client, cache);
  const stamp = stampOf(folder);
  const log = `${folder}.log`;
  const stepOptions = {
    ...(signal === undefined ? {} : { signal }),
    ...(client.stepTimeoutMs === undefined ? {} : { timeoutMs: client.stepTimeoutMs }),
  };
  try {
    const found = existsSync(stamp) ? await client.version(folder).catch(() => undefined) : undefined;
    const version = found ?? (await install(client, folder, stepRunner(log, stepOptions)));
    writeFileSync(stamp, '');
    const programs = Object.fromEntries(
      Object.entries(client.programs).map(([name, path]) => [name, join(folder, path)]),
    );
    return { folder, version, programs };
  } catch (error) {
    return { skipped: `${error instanceof Error ? error.message : String(error)}; the whole output: ${log}` };
  }
}

/** Whether an installation of the client was completed in the cache; whether it still runs is another question. */
export function isInstalled(client: Client, cache: string): boolean {
  return existsSync(stampOf(folderOf(client, cache)));
}

const folderOf = (client: Client, cache: string) => join(cache, `${client.name}-${fingerprint(client.inputs)}`);
const stampOf = (folder: string) => join(folder, '.installed');

async function install(client: Client, folder: string, run: RunStep): Promise<string> {
  console.error(`installing ${client.summary}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await client.install(folder, run);
  return client.version(folder);
}

function fingerprint(inputs: readonly string[]): string {
  return createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 12);
}
