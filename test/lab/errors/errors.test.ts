import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  warnings,
  type TestCluster,
  type TestLab,
} from '../../support/test-lab.ts';
import { patternOf, type Cause } from './cause.ts';
import { CAUSES } from './causes.ts';
import type { Stage } from './scene.ts';
import { SCENES } from './scenes.ts';
import { prepareStage } from './stage.ts';

/** How long each cause's pod took from the mend's end to its own start, seconds. */
const healedAfterS = new Map<string, number>();

describe('a cause that keeps a secret from a pod', () => {
  let lab: TestLab;
  let cluster: TestCluster;

  beforeAll(async () => {
    lab = await startTestLab();
    cluster = await makeCluster(lab);
  }, 60_000);
  afterAll(async () => {
    cluster?.[Symbol.dispose]();
    await lab?.[Symbol.asyncDispose]();
    process.stdout.write(renderTimes(healedAfterS));
  });

  const play = async (cause: Cause) => {
    const scene = SCENES[cause.id];
    if (scene === undefined) throw new Error(`no scene makes ${cause.id}`);
    const stage = await prepareStage(scene, { lab, cluster, name: cause.id });
    await stage.createPod();
    const pattern = patternOf(cause.looksLike, scene.values?.(stage));
    const told = await eventually(`${cause.id}: a text that matches ${String(pattern)}`, async () => {
      const texts = await (scene.seen ?? mountFailures)(stage);
      const found = texts.find((text) => pattern.test(text));
      return found === undefined ? { seen: texts.join('\n') } : { found };
    });
    await scene.mend(stage);
    const mendedMs = systemClock.monotonic();
    await (scene.healed ?? ready)(stage);
    healedAfterS.set(cause.id, (systemClock.monotonic() - mendedMs) / 1000);
    return told;
  };

  const together = CAUSES.filter(({ id }) => SCENES[id]?.alone !== true);
  const alone = CAUSES.filter(({ id }) => SCENES[id]?.alone === true);
  it.concurrent.each(together)(
    '$id: is named, and the pod starts by itself once it is mended',
    async (cause) => {
      expect(await play(cause)).toMatch(patternOf(cause.looksLike));
    },
    120_000,
  );
  it.each(alone)(
    '$id (on its own): is named, and the pod starts by itself once it is mended',
    async (cause) => {
      expect(await play(cause)).toMatch(patternOf(cause.looksLike));
    },
    120_000,
  );
});

it('each cause has a scene, and each scene a cause', () => {
  expect(CAUSES.map(({ id }) => id).toSorted()).toEqual(Object.keys(SCENES).toSorted());
});

async function mountFailures({ cluster, name }: Stage): Promise<readonly string[]> {
  return (await warnings(cluster.client, name)).filter((text) => text.startsWith('FailedMount: '));
}

async function ready({ cluster, name }: Stage): Promise<void> {
  await podReady(cluster.client, name);
}

function renderTimes(times: ReadonlyMap<string, number>): string {
  const lines = [...times].map(([id, seconds]) => `  ${id.padEnd(34)} ${seconds.toFixed(1).padStart(6)} s`);
  return ['cause mended, pod ready after', ...lines, ''].join('\n');
}
