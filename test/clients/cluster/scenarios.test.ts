import { testScenarios } from '../../cluster/scenarios/all.ts';
import { describeWithClients } from '../support/clients.ts';
import { startLabCluster } from './lab-cluster.ts';

// The same run against real Kubernetes programs in test/cluster.
describeWithClients('scenarios in the lab', ['kubectl-and-helm'], () => testScenarios(startLabCluster));
