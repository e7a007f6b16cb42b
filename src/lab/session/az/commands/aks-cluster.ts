import type { Args } from '../args.ts';
import { AzError } from '../errors.ts';
import { fillFields } from '../fields.ts';
import { at, isObject, type Json, type JsonObject } from '../json.ts';
import { flattenResource } from '../shape.ts';
import { CLUSTER_FIELDS } from './cluster-fields.ts';

/** The api-version that az sends for clusters and their node pools. */
export const CLUSTER_API = '2026-06-01';

/** az's names of the add-ons that the lab has, and their names in ARM. */
const ADDONS: Readonly<Record<string, string>> = {
  'azure-keyvault-secrets-provider': 'azureKeyvaultSecretsProvider',
};

/** The add-ons that `--addons` takes. */
export const ADDON_NAMES = Object.keys(ADDONS);

/** What a cluster is made from. */
export interface ClusterRequest {
  readonly args: Args;
  readonly location: string;
  /** `/subscriptions/{id}`. */
  readonly subscription: string;
  readonly sshKey: string | undefined;
}

/** The body that `az aks create` sends, with the fields that it fills in by itself. */
export function clusterBody({ args, location, subscription, sshKey }: ClusterRequest): JsonObject {
  const base: JsonObject = {
    kubernetesVersion: args.optional('kubernetesVersion') ?? '',
    dnsPrefix: args.optional('dnsNamePrefix') ?? dnsPrefix(args, subscription),
    disableLocalAccounts: false,
    enableRBAC: true,
    agentPoolProfiles: [
      {
        name: args.optional('nodepoolName') ?? 'nodepool1',
        orchestratorVersion: args.optional('kubernetesVersion') ?? '',
        count: args.integer('nodeCount') ?? 3,
        vmSize: args.optional('nodeVmSize') ?? '',
        osType: 'Linux',
        type: 'VirtualMachineScaleSets',
        mode: 'System',
        enableAutoScaling: false,
        enableEncryptionAtHost: false,
        enableFIPS: false,
        enableNodePublicIP: false,
        enableUltraSSD: false,
        nodeTaints: [],
        scaleSetPriority: 'Regular',
        upgradeSettings: {},
      },
    ],
    ...(sshKey === undefined
      ? {}
      : { linuxProfile: { adminUsername: 'azureuser', ssh: { publicKeys: [{ keyData: sshKey }] } } }),
    networkProfile: { loadBalancerSku: 'standard', outboundType: 'loadBalancer' },
    storageProfile: {},
    bootstrapProfile: { artifactSource: 'Direct' },
  };
  const addons = args.optional('addons');
  const properties = withFeatures(addons === undefined ? base : addAddon(base, addons, args), args);
  const tier = args.text('tier');
  return {
    location,
    identity: { type: 'SystemAssigned' },
    sku: { name: 'Base', tier: tier.charAt(0).toUpperCase() + tier.slice(1) },
    ...(args.tags('tags') === undefined ? {} : { tags: args.tags('tags') }),
    properties,
  };
}

/** The properties with the add-ons of a comma-separated list turned on. */
export function addAddon(properties: JsonObject, list: string, args: Args): JsonObject {
  return withAddons(properties, list, (before, name) => {
    if (before['enabled'] === true) {
      throw new AzError('error', `The ${name} addon is already enabled for this managed cluster.`, {
        recommendation: `To change ${name} configuration, run "az aks disable-addons -a ${name} -n ${args.text('name')} -g ${args.text('resourceGroup')}" before enabling it again.`,
      });
    }
    return {
      ...before,
      enabled: true,
      config: {
        enableSecretRotation: 'false',
        rotationPollInterval: '2m',
        ...(isObject(before['config']) ? before['config'] : {}),
        ...rotationOf(args),
      },
    };
  });
}

/** The properties with these add-ons turned off. */
export function removeAddon(properties: JsonObject, list: string): JsonObject {
  return withAddons(properties, list, () => ({ enabled: false, config: null }));
}

/** The properties with the features that the options switch. */
export function withFeatures(properties: JsonObject, args: Args): JsonObject {
  let changed = properties;
  if (args.flag('oidcIssuer')) {
    changed = { ...changed, oidcIssuerProfile: { ...object(changed, 'oidcIssuerProfile'), enabled: true } };
  }
  const workloadIdentity = args.flag('workloadIdentity') ? true : args.flag('noWorkloadIdentity') ? false : undefined;
  if (workloadIdentity !== undefined) {
    const securityProfile = { ...object(changed, 'securityProfile'), workloadIdentity: { enabled: workloadIdentity } };
    changed = { ...changed, securityProfile };
  }
  const rotation = rotationOf(args);
  const addon = at(changed, `addonProfiles.${ADDONS['azure-keyvault-secrets-provider']}`);
  if (Object.keys(rotation).length > 0) {
    if (!isObject(addon) || addon['enabled'] !== true) {
      throw new AzError(
        'error',
        `${rotationOption(args)} can only be specified when azure-keyvault-secrets-provider is enabled. Please use command 'az aks enable-addons' to enable it.`,
      );
    }
    changed = withAddons(changed, ADDON_NAMES[0] ?? '', (before) => ({
      ...before,
      config: { ...object(before, 'config'), ...rotation },
    }));
  }
  return changed;
}

/** A cluster as az prints it. */
export function shapeCluster(cluster: JsonObject): JsonObject {
  return fillFields(flattenResource(cluster), CLUSTER_FIELDS);
}

function withAddons(
  properties: JsonObject,
  list: string,
  edit: (before: JsonObject, name: string) => JsonObject,
): JsonObject {
  const profiles = { ...object(properties, 'addonProfiles') };
  for (const addon of list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')) {
    const key = ADDONS[addon];
    if (key === undefined) {
      throw new AzError('error', `Invalid addon name: ${addon}.`, {
        recommendation: `The lab has: ${ADDON_NAMES.join(', ')}.`,
      });
    }
    profiles[key] = edit(object(profiles, key), addon);
  }
  return { ...properties, addonProfiles: profiles };
}

function rotationOf(args: Args): Record<string, Json> {
  const enabled = args.flag('secretRotation') ? 'true' : args.flag('noSecretRotation') ? 'false' : undefined;
  const interval = args.optional('rotationPollInterval');
  return {
    ...(enabled === undefined ? {} : { enableSecretRotation: enabled }),
    ...(interval === undefined ? {} : { rotationPollInterval: interval }),
  };
}

/** The first of the options about rotation that was given, as az names it in its message. */
function rotationOption(args: Args): string {
  if (args.flag('secretRotation')) return '--enable-secret-rotation';
  return args.flag('noSecretRotation') ? '--disable-secret-rotation' : '--rotation-poll-interval';
}

/** `NAME-RG-first6ofsub`, with what a host name cannot hold left out: az's default. */
function dnsPrefix(args: Args, subscription: string): string {
  const clean = (value: string, most: number) => value.replace(/[^A-Za-z0-9-]/g, '').slice(0, most);
  const start = /^[A-Za-z]/.test(args.text('name')) ? '' : 'a';
  const id = subscription.replace('/subscriptions/', '').slice(0, 6);
  return `${start}${clean(args.text('name'), 10)}-${clean(args.text('resourceGroup'), 16)}-${id}`;
}

function object(parent: JsonObject, key: string): JsonObject {
  const found = parent[key];
  return isObject(found) ? found : {};
}
