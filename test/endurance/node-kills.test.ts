import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemRandom } from '#base';
import { createFakeRandom } from '../../src/base/testing/index.ts';
import { KILL_MOMENTS, renderFigures, startKillScenario, type KillScenario } from '../support/node-kills.ts';

const KILLS = 200;
const KILLS_A_ROUND = 30;
/** Given to try one run again; the moments of the kills follow it, what falls into them does not altogether. */
const seed = process.env['KEYFERRY_SEED'] ?? systemRandom.uuid();

let scenario: KillScenario;
beforeAll(async () => {
  scenario = await startKillScenario(seed);
});
afterAll(async () => scenario?.[Symbol.asyncDispose]());

it('a node process that is killed 200 times leaves no pod without its right files, and nothing lying about', async () => {
  const random = createFakeRandom(`moments of ${seed}`);
  let kills = 0;
  while (kills < KILLS) {
    for (let count = 1; count < KILLS_A_ROUND; count += 1) {
      await scenario.kill(KILL_MOMENTS[Math.floor(random.fraction() * KILL_MOMENTS.length)] ?? 'refresh');
    }
    await scenario.settle();
    kills = Object.values(scenario.figures.kills).reduce((a, b) => a + b, 0);
    console.log(renderFigures(seed, scenario.figures));
  }
  expect(kills).toBeGreaterThanOrEqual(KILLS);
  expect(scenario.figures.refreshes).toBeGreaterThan(KILLS / KILLS_A_ROUND);
  expect(scenario.figures.reads).toBeGreaterThan(1000);
}, 1_200_000); // some two minutes on an idle machine of two cores
