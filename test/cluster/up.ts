// Keeps a cluster of real programs running until Ctrl-C: node --import tsx test/cluster/up.ts --version 1.34 --folder DIR
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseVersion } from './setup/programs.ts';
import { startCluster } from './support/cluster.ts';

const { values } = parseArgs({
  options: { version: { type: 'string', default: '1.34' }, folder: { type: 'string' }, programs: { type: 'string' } },
});
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'keyferry-cluster-'));
const startedMs = performance.now();
await using cluster = await startCluster({
  version: parseVersion(values.version),
  folder,
  programs: values.programs,
  log: (line) => console.error(`${((performance.now() - startedMs) / 1000).toFixed(1)} s  ${line}`),
});
console.log(`export KUBECONFIG=${cluster.kubeconfig}`);
console.log(`# in the cluster's network: ${cluster.enter.join(' ')} COMMAND`);
console.log(`# on the node:              ${cluster.enterNode.join(' ')} COMMAND`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
