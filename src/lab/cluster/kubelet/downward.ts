import type { Pod } from '#kube';
import { parseQuantity } from '../quantity.ts';

/** What a fieldRef may need that is not in the pod's spec. */
export interface NodeFacts {
  readonly nodeIp: string;
}

/** The value of a fieldRef for an environment variable or a file; undefined when Kubernetes has no such field. */
export function fieldValue(pod: Pod, fieldPath: string, node: NodeFacts): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (keyed !== null) return pod.metadata?.[keyed[1] as 'labels' | 'annotations']?.[keyed[2] as string] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata?.name ?? '';
    case 'metadata.namespace':
      return pod.metadata?.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata?.uid ?? '';
    case 'metadata.labels':
      return formatMap(pod.metadata?.labels ?? {});
    case 'metadata.annotations':
      return formatMap(pod.metadata?.annotations ?? {});
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? 'default';
    case 'status.hostIP':
    case 'status.hostIPs':
    case 'status.podIP':
    case 'status.podIPs':
      return node.nodeIp;
    default:
      return undefined;
  }
}

/** Labels or annotations as a downward API file has them: `key="escaped value"`, sorted by key. */
export function formatMap(map: Readonly<Record<string, string>>): string {
  const keys = Object.keys(map).sort();
  return keys.map((key) => `${key}=${JSON.stringify(map[key])}`).join('\n');
}

/** The value of a resourceFieldRef: the container's own limit or request, else what the node has, in whole divisors, rounded up. */
export function resourceFieldValue(
  resources: { readonly limits?: Record<string, string>; readonly requests?: Record<string, string> } | undefined,
  ref: { readonly resource: string; readonly divisor?: string | undefined },
  node: Readonly<Record<string, number>>,
): string | undefined {
  const [list, name] = [
    ref.resource.slice(0, ref.resource.indexOf('.')),
    ref.resource.slice(ref.resource.indexOf('.') + 1),
  ];
  if (list !== 'limits' && list !== 'requests') return undefined;
  const own = resources?.[list]?.[name];
  const amount = own === undefined ? (list === 'limits' ? (node[name] ?? 0) : 0) : (parseQuantity(own) ?? 0);
  const divisor = ref.divisor === undefined ? 1 : parseQuantity(ref.divisor) || 1;
  return String(Math.ceil(amount / divisor));
}
