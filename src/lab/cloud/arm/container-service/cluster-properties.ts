import { AzureError } from '../../rest/azure-error.ts';
import { isObject, objectOr, textOr, type JsonObject } from '../../rest/request.ts';
import type { ClusterSpec } from '../../clusters.ts';
import { groupNameOf, type ArmResource } from '../resource-store.ts';
import { DEFAULT_KUBERNETES_VERSION, latestPatch } from './kubernetes-versions.ts';

/** The add-on that brings the secrets store driver and the Azure provider. */
export const SECRETS_PROVIDER_ADDON = 'azureKeyvaultSecretsProvider';

const NAME = /^[a-zA-Z0-9](?:[-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;
const VERSION = /^\d+\.\d+(\.\d+)?$/;
const POOL_NAME = /^[a-z][a-z0-9]{0,11}$/;
const MAX_NODES = 1000;
const DEFAULT_POLL_INTERVAL = '2m';
const DEFAULT_VM_SIZE = 'Standard_DS2_v2';
/** Of Azure CNI Overlay, which AKS gives a cluster that asks for no other network (AKS, maximum pods per node). */
const DEFAULT_MAX_PODS = 250;

/** What the lab fixes when it creates a cluster and keeps for its lifetime, beside what the client asks for. */
export interface ClusterFacts {
  /** The cluster's own part of its issuer URL. */
  readonly issuerGuid: string;
  readonly fqdn: string;
  readonly nodeResourceGroup: string;
  readonly kubeletIdentity: JsonObject;
  /** The identity of the secrets provider add-on, once it has been on. */
  readonly addonIdentity?: JsonObject;
}

/** What a client asks a cluster to be. */
export interface WantedCluster {
  readonly kubernetesVersion: string;
  readonly oidcIssuer: boolean;
  readonly workloadIdentity: boolean;
  readonly secretsProvider: ClusterSpec['secretsProvider'];
  /** The properties as they were sent, with agent pools that have what the service fills in. */
  readonly properties: JsonObject;
}

/** 400 with the code InvalidParameter, as the AKS resource provider answers. */
export function invalidParameter(message: string): AzureError {
  return new AzureError(400, 'InvalidParameter', message);
}

/** Reads the properties of a PUT. Throws 400 that names what is missing or has no valid value. */
export function parseCluster(name: string, sent: unknown, before: ArmResource | undefined): WantedCluster {
  if (!NAME.test(name)) {
    throw invalidParameter(
      `The value of parameter name is invalid: '${name}'. It has at most 63 letters, digits, '-' and '_', and begins ` +
        'and ends with a letter or digit.',
    );
  }
  const properties = objectOr(sent);
  const pools = properties['agentPoolProfiles'];
  if (!Array.isArray(pools) || pools.length === 0) {
    throw invalidParameter('Required parameter agentPoolProfiles is missing (null).');
  }
  const kubernetesVersion = parseVersion(name, properties['kubernetesVersion'], before);
  const oidcIssuer = objectOr(properties['oidcIssuerProfile'])['enabled'] === true || hadIssuer(before);
  const workloadIdentity = objectOr(objectOr(properties['securityProfile'])['workloadIdentity'])['enabled'] === true;
  if (workloadIdentity && !oidcIssuer) {
    throw new AzureError(
      400,
      'BadRequest',
      'Enabling the workload identity addon requires the OIDC issuer: oidcIssuerProfile.enabled must be true.',
    );
  }
  return {
    kubernetesVersion,
    oidcIssuer,
    workloadIdentity,
    secretsProvider: parseAddon(properties['addonProfiles']),
    properties: { ...properties, agentPoolProfiles: pools.map((pool) => fillPool(objectOr(pool), kubernetesVersion)) },
  };
}

/** The properties of a cluster as ARM shows them. */
export function renderProperties(
  wanted: WantedCluster,
  facts: ClusterFacts,
  issuerUrl: string,
  provisioningState: string,
): JsonObject {
  const { secretsProvider } = wanted;
  const properties = withState(wanted.properties, provisioningState);
  const sentAddons = objectOr(properties['addonProfiles']);
  const otherAddons = Object.fromEntries(Object.entries(sentAddons).filter(([name]) => !isSecretsProvider(name)));
  const sentAddon = Object.entries(sentAddons).find(([name]) => isSecretsProvider(name))?.[1];
  return {
    ...properties,
    powerState: { code: 'Running' },
    kubernetesVersion: wanted.kubernetesVersion,
    currentKubernetesVersion: wanted.kubernetesVersion,
    fqdn: facts.fqdn,
    azurePortalFQDN: facts.fqdn.replace('.hcp.', '.portal.hcp.'),
    nodeResourceGroup: facts.nodeResourceGroup,
    maxAgentPools: 100,
    // az reads it for every cluster whose identity is managed.
    servicePrincipalProfile: { clientId: 'msi' },
    identityProfile: { kubeletidentity: facts.kubeletIdentity },
    addonProfiles: {
      ...otherAddons,
      ...(secretsProvider === undefined
        ? sentAddon === undefined
          ? {}
          : { [SECRETS_PROVIDER_ADDON]: { enabled: false, config: null } }
        : { [SECRETS_PROVIDER_ADDON]: renderAddon(secretsProvider, facts) }),
    },
    oidcIssuerProfile: wanted.oidcIssuer ? { enabled: true, issuerURL: issuerUrl } : { enabled: false },
    securityProfile: {
      ...objectOr(properties['securityProfile']),
      ...(wanted.workloadIdentity ? { workloadIdentity: { enabled: true } } : {}),
    },
  };
}

/** The properties with a state, which their agent pools share. */
export function withState(properties: JsonObject, provisioningState: string): JsonObject {
  const pools = properties['agentPoolProfiles'];
  return {
    ...properties,
    provisioningState,
    ...(Array.isArray(pools)
      ? { agentPoolProfiles: pools.map((pool: unknown) => ({ ...objectOr(pool), provisioningState })) }
      : {}),
  };
}

/** What the cluster host is asked for. */
export function clusterSpec(cluster: ArmResource, issuerUrl: string, nodeName: string): ClusterSpec {
  const { properties } = cluster;
  return {
    armId: cluster.id,
    name: cluster.name,
    resourceGroup: groupNameOf(cluster.id),
    location: cluster.location,
    issuerUrl,
    secretsProvider: parseAddon(properties['addonProfiles']),
    workloadIdentity: objectOr(objectOr(properties['securityProfile'])['workloadIdentity'])['enabled'] === true,
    kubernetesVersion: String(properties['kubernetesVersion']),
    nodeName,
    maxPods: maxPodsOf(properties),
  };
}

/** Of the first pool, whose machine is the lab's node. */
function maxPodsOf({ agentPoolProfiles: pools }: JsonObject): number {
  const maxPods = Array.isArray(pools) ? objectOr(pools[0])['maxPods'] : undefined;
  return typeof maxPods === 'number' ? maxPods : DEFAULT_MAX_PODS;
}

function isSecretsProvider(addon: string): boolean {
  return addon.toLowerCase() === SECRETS_PROVIDER_ADDON.toLowerCase();
}

function parseAddon(addons: unknown): ClusterSpec['secretsProvider'] {
  const found = Object.entries(objectOr(addons)).find(([name]) => isSecretsProvider(name))?.[1];
  if (!isObject(found) || found['enabled'] !== true) return undefined;
  const config = objectOr(found['config']);
  return {
    // The wire has texts here.
    enableSecretRotation: textOr(config['enableSecretRotation'], 'false').toLowerCase() === 'true',
    rotationPollInterval: textOr(config['rotationPollInterval'], DEFAULT_POLL_INTERVAL),
  };
}

function renderAddon(settings: NonNullable<ClusterSpec['secretsProvider']>, facts: ClusterFacts): JsonObject {
  return {
    enabled: true,
    config: {
      enableSecretRotation: String(settings.enableSecretRotation),
      rotationPollInterval: settings.rotationPollInterval,
    },
    identity: facts.addonIdentity ?? {},
  };
}

function parseVersion(name: string, value: unknown, before: ArmResource | undefined): string {
  const current = before?.properties['kubernetesVersion'];
  if (value === undefined || value === null || value === '') {
    return typeof current === 'string' ? current : DEFAULT_KUBERNETES_VERSION;
  }
  if (typeof value !== 'string' || !VERSION.test(value)) {
    throw new AzureError(
      400,
      'K8sVersionNotSupported',
      `Managed cluster ${name} is on version ${JSON.stringify(value)}, which is not a Kubernetes version.`,
    );
  }
  return value.split('.').length === 2 ? latestPatch(value) : value;
}

function hadIssuer(before: ArmResource | undefined): boolean {
  return objectOr(before?.properties['oidcIssuerProfile'])['enabled'] === true;
}

/** An agent pool with what the service fills in. Throws 400 for a name or a count that no pool has. */
export function fillPool(pool: JsonObject, kubernetesVersion: string): JsonObject {
  const { name } = pool;
  const count = pool['count'] ?? 1;
  if (typeof name !== 'string' || !POOL_NAME.test(name)) {
    throw invalidParameter(
      `The value of parameter agentPoolProfile.name is invalid: '${textOr(name, '')}'. An agent pool's name has at most 12 ` +
        'lower-case letters and digits, and begins with a letter.',
    );
  }
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > MAX_NODES) {
    throw invalidParameter(
      `The value of parameter agentPoolProfile.count is invalid: it is a number from 0 to ${MAX_NODES}.`,
    );
  }
  return {
    ...pool,
    vmSize: textOr(pool['vmSize'], DEFAULT_VM_SIZE),
    maxPods: pool['maxPods'] ?? DEFAULT_MAX_PODS,
    orchestratorVersion: kubernetesVersion,
    currentOrchestratorVersion: kubernetesVersion,
    powerState: { code: 'Running' },
  };
}
