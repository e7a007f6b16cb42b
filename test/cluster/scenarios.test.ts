import { describe } from 'vitest';
import { startInstalledCluster } from './installed-cluster.ts';
import { testScenarios } from './scenarios/all.ts';
import { parseVersion } from './setup/programs.ts';

const version = parseVersion(process.env['KEYFERRY_KUBERNETES'] ?? '1.34');

// The same run in the lab: test/clients/cluster.
describe(`scenarios on Kubernetes ${version}`, () => {
  testScenarios(() => startInstalledCluster({ version, image: process.env['KEYFERRY_IMAGE'] ?? '' }));
});
