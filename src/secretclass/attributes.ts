import { KeyferryError, shortenMiddle } from '#base';

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

/** What a pod says of its volume that is no parameter of the provider's. */
const OF_THE_VOLUME: readonly string[] = ['secretProviderClass', 'providerName'];
const MAX_NAMES = 8;
const MAX_NAME = 60;

/**
 * The names of the parameters that a pod gives itself, by its volumeAttributes, as a text for an event: some of them where
 * there are many. Undefined where it gives none.
 */
export function tellParametersOfPod(volumeContext: Readonly<Record<string, string>>): string | undefined {
  const names = Object.keys(volumeContext).filter(
    (name) => !name.startsWith(KUBELET_PREFIX) && !OF_THE_VOLUME.includes(name),
  );
  if (names.length === 0) return undefined;
  const told = names.slice(0, MAX_NAMES).map((name) => shortenMiddle(name, MAX_NAME));
  if (names.length > MAX_NAMES) told.push(`${names.length - MAX_NAMES} more`);
  return told.join(', ');
}

/**
 * Refuses a volume context in which the pod gives parameters itself. Whoever may make pods could point a class at another vault,
 * or at another identity, by them. Throws `permission-denied` with their names; the values are not told.
 */
export function refuseParametersOfPod(
  volumeContext: Readonly<Record<string, string>>,
  namespace: string,
  className: string,
): void {
  const names = tellParametersOfPod(volumeContext);
  if (names === undefined) return;
  throw new KeyferryError(
    'permission-denied',
    `volumeAttributes of the pod give parameters, which is forbidden on this node: ${names}`,
    {
      hint: `Set them in the SecretProviderClass ${namespace}/${className}; the driver runs with --forbid-parameter-overrides.`,
    },
  );
}
