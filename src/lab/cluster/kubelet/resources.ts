import type { ResourceRef } from '#kube';

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });

/** The resources that a kubelet reads and writes. */
export const PODS = core('pods');
export const NODES = core('nodes');
export const SECRETS = core('secrets');
export const CONFIG_MAPS = core('configmaps');
export const EVENTS = core('events');
export const LEASES: ResourceRef = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
export const CSI_NODES: ResourceRef = { group: 'storage.k8s.io', version: 'v1', resource: 'csinodes' };
export const CSI_DRIVERS: ResourceRef = { group: 'storage.k8s.io', version: 'v1', resource: 'csidrivers' };
