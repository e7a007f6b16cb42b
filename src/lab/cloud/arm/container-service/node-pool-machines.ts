import { createHash } from 'node:crypto';
import { objectOr, textOr } from '../../rest/request.ts';
import type { NodePoolMachines } from '../compute/scale-sets.ts';
import type { ArmResource } from '../resource-store.ts';

const SUFFIX_DIGITS = 8;

/** The scale sets of a cluster's node pools, named as AKS names them: `aks-<pool>-<8 digits>-vmss`. */
export function nodePoolMachines(
  cluster: ArmResource,
  groupId: string,
  issuerUrl: string,
): readonly NodePoolMachines[] {
  const pools = cluster.properties['agentPoolProfiles'];
  return (Array.isArray(pools) ? pools : []).map((each: unknown) => {
    const pool = objectOr(each);
    const poolName = textOr(pool['name'], 'nodepool1');
    return {
      groupId,
      name: `aks-${poolName}-${suffixOf(issuerUrl)}-vmss`,
      location: cluster.location,
      poolName,
      vmSize: textOr(pool['vmSize'], ''),
      count: Number(pool['count'] ?? 1),
    };
  });
}

/** The name of a scale set's first machine, which is the name of its node. */
export function firstMachine({ name }: NodePoolMachines): string {
  return `${name}000000`;
}

// The digits stay the same for the cluster's lifetime, as its issuer does.
function suffixOf(issuerUrl: string): string {
  const number = createHash('sha256').update(issuerUrl).digest().readUInt32BE(0) % 10 ** SUFFIX_DIGITS;
  return String(number).padStart(SUFFIX_DIGITS, '0');
}
