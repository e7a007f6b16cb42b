import { silentLog } from '#base';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../base/testing/index.ts';
import { createBroker, type Broker, type BrokerOptions } from '../broker/broker.ts';
import { createClusterKeys } from '../broker/cluster-keys.ts';
import { silentEvents } from '../broker/events.ts';
import type { NoProofReason } from '../broker/proof.ts';
import { createFakeAzure, type FakeAzure } from './fake-azure.ts';
import type { TestIssuer } from './test-issuer.ts';

/** A broker on an Azure in memory, with a freshness window of 30 s. */
export interface BrokerSetup {
  readonly clock: FakeClock;
  readonly azure: FakeAzure;
  readonly broker: Broker;
  /** Why callers were not shared with others, in order. */
  readonly reasons: readonly NoProofReason[];
}

/** A broker that takes the tokens of `issuer` for proved; `options` stand over what it has otherwise. */
export function createBrokerSetup(issuer: TestIssuer, options: Partial<BrokerOptions> = {}): BrokerSetup {
  const clock = createFakeClock();
  const azure = createFakeAzure(clock);
  const reasons: NoProofReason[] = [];
  const broker = createBroker({
    clock,
    random: createFakeRandom(),
    log: silentLog,
    azure: azure.clients,
    clusterKeys: createClusterKeys({ clock, log: silentLog, fetchJwks: () => Promise.resolve(issuer.jwks()) }),
    freshnessWindowMs: 30_000,
    events: { ...silentEvents, unshared: (reason) => void reasons.push(reason) },
    ...options,
  });
  return { clock, azure, broker, reasons };
}
