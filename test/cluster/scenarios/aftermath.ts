/** What must be true after every scenario, whatever it was about. */
import { expect } from 'vitest';
import type { Pod } from '#kube';
import { eventually } from '../../support/test-lab.ts';
import { driverLog, driverRestarts } from './driver.ts';
import { readNodeState, strayState } from './node-state.ts';
import type { Scene, SceneOptions } from './scene.ts';
import type { Stage } from './stage.ts';

/**
 * Takes a scene down and looks at what it leaves: no mount, folder or record of a pod that is gone, no pod status object
 * of one, no warning that does not belong to the scenario, no secret in what the driver says.
 */
export async function checkAftermath(scene: Scene, { warnings = [], rebooted = false }: SceneOptions): Promise<void> {
  const { stage, namespace } = scene;
  const told = await scene.events();
  expect(
    told
      .filter(({ type }) => type === 'Warning')
      .map(({ reason, message }) => `${reason}: ${message}`)
      .filter((text) => !warnings.some((pattern) => pattern.test(text))),
  ).toEqual([]);
  expect(stage.leaks.search('events', JSON.stringify(told))).toEqual([]);

  await scene.kubectl('delete', 'deployments,jobs,pods', '--all', '--wait', '--timeout=60s');
  await stage.kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=false');
  await nothingStray(stage);
  await eventually('no pod status object is left', async () => {
    const left = await scene.kubectl('get', 'secretproviderclasspodstatuses', '-o', 'name');
    return left === '' ? { found: true } : { seen: left };
  });

  expect(stage.leaks.search("the driver's log", await driverLog(stage))).toEqual([]);
  if (rebooted) return;
  for (const [uid, count] of await driverRestarts(stage)) {
    expect(count - (scene.restartsBefore.get(uid) ?? 0), 'restarts of the driver').toBe(0);
  }
}

/** Waits until nothing of a pod that is gone is left on the node, and nothing is there twice. */
export async function nothingStray(stage: Stage): Promise<void> {
  await eventually('nothing is left on the node', async () => {
    const stray = strayState(await readNodeState(stage.cluster), await livePods(stage));
    return stray.length === 0 ? { found: true } : { seen: stray.join('; ') };
  });
}

/** The UIDs of pods that may have volumes: kubelet takes those of a pod that has ended away, though its object stays. */
async function livePods(stage: Stage): Promise<ReadonlySet<string>> {
  const { items } = await stage.getJson<{ items: Pod[] }>('pods', '-A');
  const live = items.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  return new Set(live.map(({ metadata }) => metadata?.uid ?? ''));
}
