import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAzLab, type AzLab } from '../../integration/support/az-lab.ts';
import { describeWithClients } from '../support/clients.ts';
import { realAzEnvironment, run } from './real-az.ts';

/** A line for a shell in which `az` is the real one, and what it must print. */
export interface AzRow {
  readonly does: string;
  readonly line: string;
  /** All of the output, or a part of the output and the messages. */
  readonly seen: string | RegExp;
  /** What az ends with: 1 for a refusal, 3 for something that is not there. Default 0. */
  readonly code?: number;
}

/**
 * A suite of rows that follow on each other in one lab without Kubernetes. `prepare` runs first and prints lines
 * `NAME=value`, which the rows have in their environment.
 */
export function describeAzRows(name: string, prepare: string, rows: readonly AzRow[]): void {
  describeWithClients(name, ['az'], () => {
    let lab: AzLab;
    const env: Record<string, string> = {};
    const bash = (line: string) => run('bash', ['-c', line], { cwd: lab.home, env });

    beforeAll(async () => {
      lab = await startAzLab();
      Object.assign(env, realAzEnvironment(lab), {
        SUBSCRIPTION: `/subscriptions/${lab.cloud.directory.subscription.subscriptionId}`,
        ME: lab.cloud.directory.user.objectId,
      });
      const { code, stdout, stderr } = await bash(`set -e; ${prepare}`);
      if (code !== 0) throw new Error(`the scene was not set: ${stderr}`);
      for (const [, key = '', value = ''] of stdout.matchAll(/^([A-Z_]+)=(.*)$/gm)) env[key] = value;
    });
    afterAll(() => lab?.[Symbol.asyncDispose]());

    it.each(rows)('$does', async ({ line, seen, code = 0 }) => {
      const ended = await bash(line);
      const shown = typeof seen === 'string' ? ended.stdout.trim() : ended.stdout + ended.stderr;
      expect(shown).toMatch(typeof seen === 'string' ? wholeText(seen) : seen);
      expect(ended.code).toBe(code);
    });
  });
}

function wholeText(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
