import { KeyferryError } from '#base';
import type { LabClusters } from './cluster-host.ts';

/** What a person reads who asks for a cluster where there can be none. */
export const NO_CLUSTERS =
  'this lab runs with --cloud-only: it has no Kubernetes. Use the cluster that you have: trust its issuer in a federated ' +
  'credential (az identity federated-credential create), or start a lab without --cloud-only to have clusters in it.';

/** The cluster host of a lab that has Azure's side only: it refuses what would need a cluster. */
export function createNoClusters(): LabClusters {
  const refuse = () => Promise.reject(new KeyferryError('failed-precondition', NO_CLUSTERS));
  return {
    refusal: NO_CLUSTERS,
    apply: refuse,
    remove: refuse,
    kubeconfig: refuse,
    rotateSigningKeys: refuse,
    issuer: () => undefined,
    summaries: () => Promise.resolve([]),
    traced: () => [],
    apiServers: () => [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
