import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCluster, startTestLab, type TestLab } from '../../support/test-lab.ts';
import { describeWithClients, withClients } from '../support/clients.ts';
import { apply } from './rows/apply.ts';
import { change } from './rows/change.ts';
import { cluster } from './rows/cluster.ts';
import { create } from './rows/create.ts';
import { get } from './rows/get.ts';
import { pods } from './rows/pods.ts';
import { remove } from './rows/remove.ts';
import { workloads } from './rows/workloads.ts';

// kubectl as people use it, on a lab with a cluster. Each table has a namespace of its own and its rows follow on each
// other. What is expected is what Kubernetes' documentation and kubectl's own texts say.

const TABLES = [cluster, create, apply, get, change, workloads, pods, remove];

/** A text that is all that is seen, as a pattern. */
const patternOf = (seen: string | RegExp) =>
  typeof seen === 'string' ? new RegExp(`^${seen.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`) : seen;

describeWithClients('kubectl', ['kubectl-and-helm'], () => {
  let lab: TestLab;
  let folder: string;

  beforeAll(async () => {
    lab = await startTestLab();
    using _cluster = await makeCluster(lab);
    folder = await mkdtemp(join(tmpdir(), 'keyferry-kubectl-'));
    await cp(new URL('files', import.meta.url), folder, { recursive: true });
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  describe.each(TABLES)('$namespace', ({ namespace, rows }) => {
    let env: Record<string, string>;
    beforeAll(async () => {
      const kubeconfig = join(folder, `kubeconfig-${namespace}`);
      env = { ...withClients(lab.env, 'kubectl-and-helm'), KUBECONFIG: kubeconfig };
      await writeFile(kubeconfig, await readFile(lab.folder.kubeconfig, 'utf8'), { mode: 0o600 });
      const made = `kubectl create namespace ${namespace} && kubectl config set-context --current --namespace=${namespace}`;
      const { seen, exitCode } = await type(made);
      if (exitCode !== 0) throw new Error(`${made}: ${seen}`);
    });

    const type = (line: string) =>
      new Promise<{ readonly seen: string; readonly exitCode: number | null }>((resolve, reject) => {
        const words = ['-c', `exec 2>&1\n${line}`];
        const child = spawn('bash', words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] });
        let seen = '';
        child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString('utf8')));
        child.once('error', reject);
        child.once('close', (exitCode) => resolve({ seen: seen.trim(), exitCode }));
      });

    test.each(rows.map(([line, seen, exitCode = 0]) => [line, patternOf(seen), exitCode] as const))(
      '%s',
      async (line, seen, exitCode) => {
        const ended = await type(line);
        expect(ended.seen).toMatch(seen);
        expect(ended.exitCode).toBe(exitCode);
      },
    );
  });
});
