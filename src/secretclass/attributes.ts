/** The names that speak for kubelet in a volume context: who the pod is, and its tokens. */
const KUBELET_PREFIX = 'csi.storage.k8s.io/';

/**
 * What the provider gets: the class's parameters, overlaid with the whole volume context. So a pod's volumeAttributes
 * override a parameter of the same name: upstream's rule, kept because manifests rely on it. A class never speaks for
 * kubelet, also where kubelet says nothing (a CSIDriver without tokenRequests or podInfoOnMount): its parameters of
 * such names are left out.
 */
export function mergeAttributes(
  parameters: Readonly<Record<string, string>>,
  volumeContext: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const own = Object.entries(parameters).filter(([name]) => !name.startsWith(KUBELET_PREFIX));
  return { ...Object.fromEntries(own), ...volumeContext };
}
