import { objectOr, textOr } from '../../rest/request.ts';
import type { NodePoolMachines } from '../compute/scale-sets.ts';
import type { ArmResource } from '../resource-store.ts';

const SUFFIX_DIGITS = 8;

/** The scale sets of a cluster's node pools, named as AKS names them: `aks-<pool>-<8 digits>-vmss`. */
export function nodePoolMachines(
  cluster: ArmResource,
  groupId: string,
  issuerGuid: string,
): readonly NodePoolMachines[] {
  const pools = cluster.properties['agentPoolProfiles'];
  return (Array.isArray(pools) ? pools : []).map((each: unknown) => {
    const pool = objectOr(each);
    const poolName = textOr(pool['name'], 'nodepool1');
    return {
      groupId,
      name: `aks-${poolName}-${suffixOf(issuerGuid)}-vmss`,
      location: cluster.location,
      poolName,
      vmSize: textOr(pool['vmSize'], ''),
      count: Number(pool['count'] ?? 1),
    };
  });
}

// The digits stay the same for the cluster's lifetime.
function suffixOf(issuerGuid: string): string {
  const number = Number.parseInt(issuerGuid.replaceAll('-', '').slice(0, 8), 16) % 10 ** SUFFIX_DIGITS;
  return String(number).padStart(SUFFIX_DIGITS, '0');
}
