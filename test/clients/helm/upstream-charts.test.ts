import { describeWithClients } from '../support/clients.ts';
import { testTables } from '../support/lines.ts';
import { byHelm, repositories } from './rows/upstream-charts.ts';

// helm with the chart repositories that upstream's documentation names, on a cluster without the add-on.

const CLIENTS = ['kubectl-and-helm'];

describeWithClients('helm and the charts of upstream', CLIENTS, () => {
  testTables([repositories, byHelm], { clients: CLIENTS, files: new URL('files', import.meta.url), addOn: '' });
});
