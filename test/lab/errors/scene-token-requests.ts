import type { ResourceRef } from '#kube';
import type { Scene, Stage } from './scene.ts';

const DRIVER = 'secrets-store.csi.k8s.io';
const CSI_DRIVERS: ResourceRef = { group: 'storage.k8s.io', version: 'v1', resource: 'csidrivers' };

/** The CSIDriver object asks kubelet for other tokens than the provider needs, for every pod of the cluster. */
export function tokenRequests(wrong: readonly object[]): Scene {
  const set = ({ cluster }: Stage, wanted: readonly object[]) =>
    cluster.client.patch(CSI_DRIVERS, { name: DRIVER }, { type: 'merge', body: { spec: { tokenRequests: wanted } } });
  return {
    alone: true,
    break: (stage) => set(stage, wrong),
    mend: (stage) => set(stage, [{ audience: 'api://AzureADTokenExchange' }]),
  };
}
