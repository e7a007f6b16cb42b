import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram, packageRoot } from '#lab/session';
import { outcomeOf, type Outcome } from '../support/keyferry.ts';

const example = join(packageRoot(), 'examples', 'ci');
const kubectl = findProgram('kubectl', process.env['PATH']);

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}
interface GitlabPipeline {
  readonly [job: string]: { readonly before_script: readonly string[]; readonly script: readonly string[] };
}

/** The commands of the GitHub workflow's only job. */
function workflowCommands(): string[] {
  const { jobs } = parse(readFileSync(join(example, 'github-workflow.yaml'), 'utf8')) as Workflow;
  return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => (run === undefined ? [] : [run])));
}

describe('the pipelines of examples/ci', () => {
  // A repository as a pipeline checks it out: the person's files, and Keyferry beside them.
  let repository = '';
  beforeAll(() => {
    repository = mkdtempSync(join(tmpdir(), 'keyferry-ci-'));
    cpSync(example, repository, { recursive: true });
    symlinkSync(packageRoot(), join(repository, 'keyferry'));
  });
  afterAll(() => rmSync(repository, { recursive: true, force: true }));

  const run = (command: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
    outcomeOf(
      spawn('bash', ['-e', '-c', command], { cwd: repository, env: { PATH: process.env['PATH'] ?? '', ...env } }),
    );
  const testCommand = (): string => workflowCommands().at(-1) ?? '';

  it('set Keyferry up by a script that is there, then run the same test', () => {
    const gitlab = parse(readFileSync(join(example, 'gitlab-ci.yaml'), 'utf8')) as GitlabPipeline;
    const [job] = Object.values(gitlab);
    const { scripts } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const setUp = 'npm --prefix keyferry run setup';
    expect(workflowCommands()).toContain(setUp);
    expect(job?.before_script).toContain(setUp);
    expect(scripts).toHaveProperty('setup');
    expect(job?.script).toEqual([testCommand()]);
  });

  it.runIf(kubectl !== undefined)('pass as they are written', async () => {
    const outcome = await run(testCommand());
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(outcome.out).toContain('the password reaches the shop, and nobody else');
  });

  it.runIf(kubectl !== undefined)('fail, and say why, when the credential names another subject', async () => {
    const outcome = await run(testCommand(), { SUBJECT: 'system:serviceaccount:default:Shop', WAIT: '5s' });
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(outcome.out).toContain('AADSTS700213');
  });
});
