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
import { sceneName, type Scene, type Stage } from './scene.ts';
import { SCENES } from './scenes.ts';
import { prepareStage, vaultName } from './stage.ts';

interface Play {
  /** What the scene and all that it makes is called. */
  readonly name: string;
  readonly cause: Cause;
  readonly scene: Scene;
}

const PLAYS: readonly Play[] = CAUSES.flatMap((cause) =>
  [SCENES[cause.id] ?? []].flat().map((scene) => ({ name: sceneName(cause.id, scene), cause, scene })),
);

/** How long each scene took from the mend's end to the pod's start, seconds. */
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

  const play = async ({ name, cause, scene }: Play) => {
    const stage = await prepareStage(scene, { lab, cluster, name });
    await stage.createPod();
    const pattern = patternOf(cause.looksLike, scene.values?.(stage));
    const told = await eventually(`${name}: a text that matches ${String(pattern)}`, async () => {
      const texts = await (scene.seen ?? mountFailures)(stage);
      const found = texts.find((text) => pattern.test(text));
      return found === undefined ? { seen: texts.join('\n') } : { found };
    });
    await scene.mend(stage);
    const mendedMs = systemClock.monotonic();
    await (scene.healed ?? ready)(stage);
    healedAfterS.set(name, (systemClock.monotonic() - mendedMs) / 1000);
    return told;
  };

  const together = PLAYS.filter(({ scene }) => scene.alone !== true);
  const alone = PLAYS.filter(({ scene }) => scene.alone === true);
  it.concurrent.each(together)(
    '$name: is named, and the pod starts by itself once it is mended',
    async (one) => {
      expect(await play(one)).toMatch(patternOf(one.cause.looksLike));
    },
    120_000,
  );
  it.each(alone)(
    '$name (on its own): is named, and the pod starts by itself once it is mended',
    async (one) => {
      expect(await play(one)).toMatch(patternOf(one.cause.looksLike));
    },
    120_000,
  );
});

describe('the scenes', () => {
  it('are there for each cause, and for no other', () => {
    expect(CAUSES.map(({ id }) => id).toSorted()).toEqual(Object.keys(SCENES).toSorted());
  });

  it('have names and vaults of their own', () => {
    const names = PLAYS.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(new Set(names.map(vaultName)).size).toBe(names.length);
  });
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
