import { describeWithClients } from '../support/clients.ts';
import { testTables } from '../support/lines.ts';
import { apply } from './rows/apply.ts';
import { change } from './rows/change.ts';
import { cluster } from './rows/cluster.ts';
import { create } from './rows/create.ts';
import { get } from './rows/get.ts';
import { pods } from './rows/pods.ts';
import { remove } from './rows/remove.ts';
import { workloads } from './rows/workloads.ts';

// kubectl as people use it. What is expected is what Kubernetes' documentation and kubectl's own texts say.

const CLIENTS = ['kubectl-and-helm'];

describeWithClients('kubectl', CLIENTS, () => {
  const tables = [cluster, create, apply, get, change, workloads, pods, remove];
  testTables(tables, { clients: CLIENTS, files: new URL('files', import.meta.url) });
});
