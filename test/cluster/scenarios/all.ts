/** All scenarios, on one cluster, in an order in which none is in the way of another. */
import { afterAll, beforeAll } from 'vitest';
import type { ClusterUnderTest } from './cluster.ts';
import { disruptionScenarios } from './disruptions.ts';
import { installationScenarios } from './installation.ts';
import { refreshScenarios } from './refreshes.ts';
import { rightsScenarios } from './rights.ts';
import { openStage, type Stage } from './stage.ts';
import { volumeScenarios } from './volumes.ts';
import { walkthroughs } from './walkthroughs.ts';

/** Tests of every scenario on one cluster, which `start` starts and which ends with them: the body of a suite. */
export function testScenarios(start: () => Promise<ClusterUnderTest>): void {
  let cluster: ClusterUnderTest | undefined;
  let stage: Stage;
  beforeAll(async () => {
    cluster = await start();
    stage = await openStage(cluster);
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const current = () => stage;
  installationScenarios(current);
  rightsScenarios(current);
  walkthroughs(current);
  volumeScenarios(current);
  refreshScenarios(current);
  disruptionScenarios(current);
}
