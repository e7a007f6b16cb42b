import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCluster, startTestLab, type TestLab } from '../../support/test-lab.ts';
import { withClients } from './clients.ts';

/**
 * One line as a person types it, and what they then see: output and messages together, without the blank ends. A
 * pattern has to match somewhere in it; a text is all of it. The exit code is 0 unless the third part says another.
 */
export type Row = readonly [line: string, seen: string | RegExp, exitCode?: number];

/** Rows that follow on each other, in a namespace of their own, which is also the table's name. */
export interface Table {
  readonly namespace: string;
  readonly rows: readonly Row[];
}

/** A table from its parts. */
export const table = (namespace: string, rows: readonly Row[]): Table => ({ namespace, rows });

/** What {@link testTables} runs on. */
export interface LinesOptions {
  readonly clients: readonly string[];
  /** The folder whose copy the lines are typed in. */
  readonly files: URL;
  /** The option of `az aks create` for the add-on with the node driver, empty for none. Default: with it. */
  readonly addOn?: string;
}

/**
 * Tests of tables, one test a line, on one lab with a cluster. They are typed with the clients first on the PATH, in a
 * copy of the folder `files`, and each table's namespace is the current one.
 */
export function testTables(tables: readonly Table[], { clients, files, addOn }: LinesOptions): void {
  let lab: TestLab;
  let folder: string;

  beforeAll(async () => {
    lab = await startTestLab();
    using _cluster = await makeCluster(lab, '', addOn);
    folder = await mkdtemp(join(tmpdir(), 'keyferry-lines-'));
    await cp(files, folder, { recursive: true });
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  describe.each(tables)('$namespace', ({ namespace, rows }) => {
    let env: Record<string, string>;
    beforeAll(async () => {
      const kubeconfig = join(folder, `kubeconfig-${namespace}`);
      env = { ...withClients(lab.env, ...clients), KUBECONFIG: kubeconfig };
      await writeFile(kubeconfig, await readFile(lab.folder.kubeconfig, 'utf8'), { mode: 0o600 });
      const made = `kubectl create namespace ${namespace} && kubectl config set-context --current --namespace=${namespace}`;
      const { seen, exitCode } = await typeLine(made, folder, env);
      if (exitCode !== 0) throw new Error(`${made}: ${seen}`);
    });

    test.each(rows.map(([line, seen, exitCode = 0]) => [line, patternOf(seen), exitCode] as const))(
      '%s',
      async (line, seen, exitCode) => {
        const ended = await typeLine(line, folder, env);
        expect(ended.seen).toMatch(seen);
        expect(ended.exitCode).toBe(exitCode);
      },
    );
  });
}

/** What a line shows, output and messages in their order, and how it ends. */
function typeLine(line: string, cwd: string, env: Readonly<Record<string, string>>) {
  return new Promise<{ readonly seen: string; readonly exitCode: number | null }>((resolve, reject) => {
    const child = spawn('bash', ['-c', `exec 2>&1\n${line}`], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
    let seen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ seen: seen.trim(), exitCode }));
  });
}

/** A text that is all that is seen, as a pattern. */
function patternOf(seen: string | RegExp): RegExp {
  return typeof seen === 'string' ? new RegExp(`^${seen.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`) : seen;
}
