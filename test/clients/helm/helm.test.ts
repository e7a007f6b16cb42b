import { describeWithClients } from '../support/clients.ts';
import { testTables } from '../support/lines.ts';
import { release } from './rows/release.ts';
import { waiting } from './rows/waiting.ts';

// helm with a chart of our own, ../charts/shop. What is expected is what helm's documentation says.

const CLIENTS = ['kubectl-and-helm'];

describeWithClients('helm', CLIENTS, () => {
  testTables([release, waiting], { clients: CLIENTS, files: new URL('../charts', import.meta.url) });
});
