import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWithClients } from '../support/clients.ts';
import {
  ENVIRONMENTS,
  POD_ENVIRONMENTS,
  nodeVariables,
  workloadVariables,
  type EnvironmentKind,
} from './credentials.ts';
import { expectedOf, stepsOf, toldOf } from './expectations.ts';
import { copyIntoPod, inPod, missingInPods, startPod } from './pod.ts';
import { CLIENTS_OF, hostCommand, LANGUAGES, runScript, sdkName, type Language } from './programs.ts';
import type { Outcome } from './protocol.ts';
import { EXCHANGE_AUDIENCE, OTHER_AUDIENCE, SERVICE_ACCOUNT, startScene, type Scene } from './scene.ts';
import { SESSIONS } from './sessions.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

/** A command that reads a script, and its environment. */
interface Prepared {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

describe('on the machine, in the environment of `keyferry lab run`', () => {
  describe.each(LANGUAGES)('%s', (language) => {
    describeWithClients(sdkName(language), CLIENTS_OF[language], () => {
      describe.each(ENVIRONMENTS)('known as a %s', (environment) => {
        tellsWhatIsDocumented(language, environment, `${language}-host`, async () => {
          const command = await hostCommand(language, scene.lab.folder.root);
          return { command, env: { ...scene.lab.env, ...(await hostVariables(environment)) } };
        });
      });
    });
  });
});

describe('in a pod of the lab, as the workload identity webhook leaves it', () => {
  beforeAll(() => startPod(scene));

  describe.each(LANGUAGES)('%s', (language) => {
    const missing = missingInPods(language);
    const name = missing === undefined ? sdkName(language) : `${sdkName(language)} [skipped: ${missing}]`;
    describeWithClients(name, [...CLIENTS_OF[language], 'kubectl-and-helm'], () => {
      describe.skipIf(missing !== undefined)('copied into it', () => {
        let command: readonly string[];

        beforeAll(async () => {
          command = await copyIntoPod(language, scene);
        });

        describe.each(POD_ENVIRONMENTS)('known as a %s', (environment) => {
          tellsWhatIsDocumented(language, environment, `${language}-pod`, () => ({
            command: inPod(environment, command),
            env: scene.lab.env,
          }));
        });
      });
    });
  });
});

/** Runs all sessions of an environment in one run of a language's program; a test each looks at what came of it. */
function tellsWhatIsDocumented(
  language: Language,
  environment: EnvironmentKind,
  prefix: string,
  prepare: () => Prepared | Promise<Prepared>,
): void {
  const sessions = Object.entries(SESSIONS[environment]);
  let outcomes: ReadonlyMap<string, Outcome>;

  beforeAll(async () => {
    const { command, env } = await prepare();
    const plans = sessions.map(([name, plan]) => ({ name, ...plan(scene, prefix) }));
    outcomes = await runScript(command, env, {
      sessions: Object.fromEntries(plans.map(({ name, session }) => [name, session])),
      steps: plans.flatMap(({ name, rows }) => stepsOf(name, rows)),
    });
  });

  it.each(sessions)('%s', (name, plan) => {
    const { rows } = plan(scene, prefix);
    expect(toldOf(name, rows, outcomes)).toEqual(expectedOf(name, rows, outcomes, language));
  });
}

/** What tells a program on this machine who it is. */
async function hostVariables(environment: EnvironmentKind): Promise<Record<string, string>> {
  if (environment === 'person') return {};
  if (environment === 'node') return nodeVariables(scene);
  // As kubelet would project it.
  const file = join(scene.lab.folder.root, 'service-account-token');
  const audience = environment === 'workload' ? EXCHANGE_AUDIENCE : OTHER_AUDIENCE;
  const { token } = await scene.cluster.client.createToken(SERVICE_ACCOUNT, { audiences: [audience] });
  writeFileSync(file, token.expose(), { mode: 0o600 });
  return workloadVariables(scene, file);
}
