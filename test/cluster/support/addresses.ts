/**
 * The addresses of a cluster. Each has a network of its own, so all have the same. The kubelet takes no loopback address for
 * its node.
 */
export const ADDRESSES = {
  node: '10.90.0.2',
  nodePrefix: 24,
  apiServerPort: 6443,
  services: '10.96.0.0/16',
  /** The Service `kubernetes`: the first address of the range. */
  apiService: '10.96.0.1',
  /** Nobody answers there: without an address kubelet has a warning for each pod. */
  dns: '10.96.0.10',
  pods: '10.244.0.0/16',
} as const;
