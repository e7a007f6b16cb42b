import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWithClients } from '../support/clients.ts';
import { ENVIRONMENTS, nodeVariables, workloadVariables, type EnvironmentKind } from './credentials.ts';
import { expectedOf, stepsOf, toldOf } from './expectations.ts';
import { copyIntoPod, inPod, startPod } from './pod.ts';
import { CLIENTS_OF, hostCommand, LANGUAGES, runScript, sdkName, type Language } from './programs.ts';
import type { Outcome } from './protocol.ts';
import { EXCHANGE_AUDIENCE, SERVICE_ACCOUNT, startScene, type Scene } from './scene.ts';
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
      tellsWhatIsDocumented(language, `${language}-host`, async (environment) => {
        const command = await hostCommand(language, scene.lab.folder.root);
        const variables =
          environment === 'workload' ? workloadVariables(scene, await tokenFile()) : nodeVariables(scene);
        return { command, env: { ...scene.lab.env, ...variables } };
      });
    });
  });
});

describe('in a pod of the lab, as the workload identity webhook leaves it', () => {
  beforeAll(() => startPod(scene));

  describe.each(LANGUAGES)('%s', (language) => {
    describeWithClients(sdkName(language), [...CLIENTS_OF[language], 'kubectl-and-helm'], () => {
      let command: readonly string[];

      beforeAll(async () => {
        command = await copyIntoPod(language, scene);
      });

      tellsWhatIsDocumented(language, `${language}-pod`, (environment) => ({
        command: inPod(environment, command),
        env: scene.lab.env,
      }));
    });
  });
});

/** Runs all sessions of an environment in one run of a language's program; a test each looks at what came of it. */
function tellsWhatIsDocumented(
  language: Language,
  prefix: string,
  prepare: (environment: EnvironmentKind) => Prepared | Promise<Prepared>,
): void {
  describe.each(ENVIRONMENTS)('known as a %s', (environment) => {
    const sessions = Object.entries(SESSIONS[environment]);
    let outcomes: ReadonlyMap<string, Outcome>;

    beforeAll(async () => {
      const { command, env } = await prepare(environment);
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
  });
}

/** A file with a fresh token of the scene's service account, as kubelet would project it. */
async function tokenFile(): Promise<string> {
  const file = join(scene.lab.folder.root, 'service-account-token');
  const { token } = await scene.cluster.client.createToken(SERVICE_ACCOUNT, { audiences: [EXCHANGE_AUDIENCE] });
  writeFileSync(file, token.expose(), { mode: 0o600 });
  return file;
}
