import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AzLab } from '../../integration/support/az-lab.ts';
import { withClients } from '../support/clients.ts';

/** How a program ended and what it printed. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a lab in which `az` is the real one. */
export function realAzEnvironment(lab: AzLab): Record<string, string> {
  return withClients({ ...lab.env, PATH: process.env['PATH'] ?? '', AZURE_CORE_COLLECT_TELEMETRY: 'no' }, 'az');
}

/** Runs a program in the lab's home folder to its end, with nothing on its standard input. */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Ended> {
  const child = spawn(program, args, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, stdout, stderr };
}
