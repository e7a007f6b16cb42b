import { textOr, type JsonObject } from '../../rest/request.ts';
import type { ArmResource } from '../resource-store.ts';

/** The Kubernetes version of a cluster that asks for none. */
export const DEFAULT_KUBERNETES_VERSION = '1.33.5';

/** The minor versions that are offered, newest first, each with its patches; the lab runs the same API server for all. */
const OFFERED: readonly (readonly [minor: string, patches: readonly string[]])[] = [
  ['1.34', ['1.34.1', '1.34.0']],
  ['1.33', ['1.33.5', '1.33.4']],
  ['1.32', ['1.32.9', '1.32.8']],
];

/** The newest patch of a minor version such as `1.33`; the first one of a version that is not offered. */
export function latestPatch(minor: string): string {
  return OFFERED.find(([version]) => version === minor)?.[1][0] ?? `${minor}.0`;
}

/** The versions as `az aks get-versions` reads them (Managed Clusters - List Kubernetes Versions). */
export function renderKubernetesVersions(): JsonObject {
  return {
    values: OFFERED.map(([version, patches], index) => ({
      version,
      capabilities: { supportPlan: ['KubernetesOfficial'] },
      ...(DEFAULT_KUBERNETES_VERSION.startsWith(`${version}.`) ? { isDefault: true } : {}),
      isPreview: false,
      patchVersions: Object.fromEntries(
        patches.map((patch) => [
          patch,
          { upgrades: upgradesOf(patch, OFFERED.slice(Math.max(index - 1, 0), index + 1)) },
        ]),
      ),
    })),
  };
}

/** Where a cluster could be upgraded to (Managed Clusters - Get Upgrade Profile). */
export function renderUpgradeProfile(cluster: ArmResource): JsonObject {
  const kubernetesVersion = textOr(cluster.properties['kubernetesVersion'], DEFAULT_KUBERNETES_VERSION);
  const index = OFFERED.findIndex(([minor]) => kubernetesVersion.startsWith(`${minor}.`));
  const reachable = index < 0 ? [] : OFFERED.slice(Math.max(index - 1, 0), index + 1);
  const profile = {
    kubernetesVersion,
    osType: 'Linux',
    upgrades: upgradesOf(kubernetesVersion, reachable).map((version) => ({ kubernetesVersion: version })),
  };
  return {
    id: `${cluster.id}/upgradeprofiles/default`,
    name: 'default',
    type: `${cluster.type}/upgradeprofiles`,
    properties: { controlPlaneProfile: profile, agentPoolProfiles: [{ ...profile, name: 'nodepool1' }] },
  };
}

// To newer patches of the same minor version, and to all of the next.
function upgradesOf(patch: string, reachable: typeof OFFERED): readonly string[] {
  const newer = (other: string) => other.localeCompare(patch, undefined, { numeric: true }) > 0;
  return reachable.flatMap(([, patches]) => patches.filter(newer));
}
