// A few of the kills of test/endurance/node-kills.test.ts, at every moment that is told apart there.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KILL_MOMENTS, renderFigures, startKillScenario, type KillScenario } from '../support/node-kills.ts';

const SEED = 'a few kills';

let scenario: KillScenario;
beforeAll(async () => {
  scenario = await startKillScenario(SEED);
}, 60_000);
afterAll(async () => scenario?.[Symbol.asyncDispose]());

it('a node process that is killed at start-up, in refreshes, publishes, unpublishes and edits leaves all as it should be', async () => {
  for (const moment of [...KILL_MOMENTS, ...KILL_MOMENTS]) await scenario.kill(moment);
  await scenario.settle();
  console.log(renderFigures(SEED, scenario.figures));
  expect(scenario.figures.reads).toBeGreaterThan(0);
}, 200_000);
