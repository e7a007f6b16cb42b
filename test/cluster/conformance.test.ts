import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { testCases } from '../conformance/support/test-cases.ts';
import { parseVersion } from './setup/programs.ts';
import { startCluster } from './support/cluster.ts';

// What the lab's API server is held to, asked of a real one, which has no lacks.

const version = parseVersion(process.env['KEYFERRY_KUBERNETES'] ?? '1.34');

describe(`conformance of Kubernetes ${version}`, () => {
  testCases(async () => {
    const cluster = await startCluster({ version, folder: mkdtempSync(join(tmpdir(), 'keyferry-cluster-')) });
    return {
      kubeconfig: readFileSync(cluster.kubeconfig, 'utf8'),
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  });
});
