import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '#lab/session';
import { useClient } from '../support/clients.ts';
import type { Outcome, Script } from './protocol.ts';

/** The languages whose SDKs are tried. */
export const LANGUAGES = ['javascript', 'python', 'go', 'java'] as const;
/** One of {@link LANGUAGES}. */
export type Language = (typeof LANGUAGES)[number];

/** The clients (see ../install) that a language's program needs; JavaScript's SDK is the project's own. */
export const CLIENTS_OF = {
  javascript: [],
  python: ['azure-sdk-python'],
  go: ['azure-sdk-go'],
  java: ['azure-sdk-java'],
} as const satisfies Record<Language, readonly string[]>;

const PROGRAM = { javascript: 'scenarios.ts', python: 'scenarios.py', go: 'main.go', java: 'Scenarios.java' };

/** What a suite of a language's SDK is called; the versions of those that are installed are told by the suite itself. */
export function sdkName(language: Language): string {
  if (language !== 'javascript') return 'its SDK';
  const { dependencies } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const versions = ['@azure/identity', '@azure/keyvault-secrets'].map((name) => `${name} ${dependencies[name]}`);
  return `its SDK, ${versions.join(', ')}`;
}

/** The file of a language's program. */
export function programSource(language: Language): string {
  return join(import.meta.dirname, language, PROGRAM[language]);
}

/** The command that runs a language's program on this machine; `folder` is one for what has to be built first. */
export async function hostCommand(language: Language, folder: string): Promise<readonly string[]> {
  switch (language) {
    case 'javascript':
      return [process.execPath, await bundleJavaScript(folder)];
    case 'python':
      return [useClient('azure-sdk-python').programs['python'] ?? '', programSource('python')];
    case 'go':
      return [useClient('azure-sdk-go').programs['azure-sdk-go'] ?? ''];
    case 'java':
    default: {
      const client = useClient('azure-sdk-java').folder;
      return ['java', '-cp', `${join(client, 'classes')}:${join(client, 'lib', '*')}`, 'Scenarios'];
    }
  }
}

/** The program of ./javascript and the SDK in one file, as an image for it would hold it. */
export async function bundleJavaScript(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, 'scenarios.mjs');
  await build({
    absWorkingDir: packageRoot(),
    entryPoints: [programSource('javascript')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  return outfile;
}

/** Runs a script with a program and answers what it printed: step id → outcome. Throws when the program itself fails. */
export async function runScript(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  script: Script,
): Promise<ReadonlyMap<string, Outcome>> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // A program that ends early is told by its exit code, not by the pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(script));
  const [code, out, err] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  const outcomes = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Outcome);
  if (code !== 0 || outcomes.length !== script.steps.length) {
    throw new Error(`${program} ended with ${code} after ${outcomes.length} of ${script.steps.length} steps: ${err}`);
  }
  return new Map(outcomes.map((outcome) => [outcome.id, outcome]));
}
