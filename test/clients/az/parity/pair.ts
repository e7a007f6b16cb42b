import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { splitWords } from '../../../../src/lab/session/az/testing/index.ts';
import { startAzLab, type AzLab } from '../../../integration/support/az-lab.ts';
import { realAzEnvironment, run, type Ended } from '../real-az.ts';
import { firstErrorLine, normaliseOutput } from './normalise.ts';
import type { Step } from './scene.ts';

/** What is compared of a step: exit code, what it printed, the first line of its error, a file it wrote. */
export interface Outcome {
  readonly code: number;
  readonly printed: unknown;
  readonly error: string | undefined;
  readonly file: unknown;
}

/** Two labs that start equal, one with the real az and one with the stand-in, and the values that steps kept in each. */
export interface AzPair extends AsyncDisposable {
  /** Runs a step in both. */
  run(step: Step): Promise<{ readonly real: Outcome; readonly standIn: Outcome }>;
}

/** Starts an {@link AzPair}. */
export async function startAzPair(): Promise<AzPair> {
  const [real, standIn] = [await startSide(runReal), await startSide((lab, words, env) => lab.run(words, { env }))];
  return {
    async run(step) {
      const [ofReal, ofStandIn] = await Promise.all([real.run(step), standIn.run(step)]);
      return { real: ofReal, standIn: ofStandIn };
    },
    async [Symbol.asyncDispose]() {
      await real.lab[Symbol.asyncDispose]();
      await standIn.lab[Symbol.asyncDispose]();
    },
  };
}

type Runner = (lab: AzLab, words: readonly string[], env: Readonly<Record<string, string>>) => Promise<Ended>;

async function startSide(runner: Runner): Promise<{ lab: AzLab; run(step: Step): Promise<Outcome> }> {
  const lab = await startAzLab();
  const { tenant, subscription, user } = lab.cloud.directory;
  const known: Record<string, string> = {
    HOME: lab.home,
    TENANT: tenant.tenantId,
    SUBSCRIPTION: subscription.subscriptionId,
    USER: user.objectId,
    USER_NAME: user.userPrincipalName ?? '',
  };
  return {
    lab,
    async run({ line, keep = {}, file, write, env = {}, anyOrder = false, ownWords }) {
      if (write !== undefined) await writeFile(join(lab.home, write[0]), write[1]);
      const words = splitWords(line).map((word) => fillIn(word, known));
      const { code, stdout, stderr } = await runner(lab, words, env);
      for (const [name, path] of Object.entries(keep)) known[name] = valueAt(stdout, path, `${line}\n${stderr}`);
      return {
        code,
        printed: anyOrder ? inOneOrder(normaliseOutput(stdout, known)) : normaliseOutput(stdout, known),
        error: ownWords === undefined ? firstErrorLine(stderr, known) : undefined,
        file: file === undefined ? undefined : normaliseOutput(await readFile(join(lab.home, file), 'utf8'), known),
      };
    },
  };
}

function inOneOrder(list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((item) => [JSON.stringify(item), item as unknown] as const).sort(([a], [b]) => (a < b ? -1 : 1));
}

function fillIn(word: string, known: Readonly<Record<string, string>>): string {
  return word.replaceAll(/\$([A-Z][A-Z_]*)/g, (whole, name: string) => known[name] ?? whole);
}

function valueAt(stdout: string, path: string, what: string): string {
  let value: unknown;
  try {
    value = path
      .split('.')
      .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], JSON.parse(stdout));
  } catch {
    value = undefined;
  }
  if (typeof value !== 'string') throw new Error(`no text at ${path} in the answer of: ${what}`);
  return value;
}

function runReal(lab: AzLab, words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return run('az', words, { cwd: lab.home, env: { ...realAzEnvironment(lab), ...env } });
}
