// A few of the kills of test/endurance/lab-kills.test.ts.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLabKillScenario, type LabKillScenario } from '../support/lab-kills.ts';

let scenario: LabKillScenario;
beforeAll(async () => {
  scenario = await startLabKillScenario('a few kills');
}, 60_000);
afterAll(async () => scenario?.[Symbol.asyncDispose]());

it('a lab that is killed while clients write, and while it starts, has every write that was answered and runs its pods again', async () => {
  for (const moment of ['writes', 'start-up', 'writes'] as const) await scenario.round(moment);
  await scenario.finish();
  expect(Math.min(...Object.values(scenario.figures.answered))).toBeGreaterThan(0);
}, 120_000);
