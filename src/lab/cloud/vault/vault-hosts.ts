import { AZURE_CLOUDS, isChildHost, type AzureCloud } from '../azure-clouds.ts';
import type { VaultRegistry } from './vault-registry.ts';

/** The application id of Key Vault, which v2.0 tokens carry as their audience. */
const KEY_VAULT_APPLICATION_ID = 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093';

/** A data plane host, taken apart. */
export interface VaultHost {
  /** In lower case. */
  readonly vaultName: string;
  /** The cloud that the name belongs to. */
  readonly cloud: AzureCloud;
}

/** Takes `<vault>.vault.azure.net` and its sovereign kin apart (lower case, no port); undefined for any other host. */
export function parseVaultHost(host: string): VaultHost | undefined {
  const cloud = AZURE_CLOUDS.find(({ vaultSuffix }) => isChildHost(host, vaultSuffix));
  return cloud === undefined ? undefined : { vaultName: host.slice(0, -cloud.vaultSuffix.length - 1), cloud };
}

/** What tokens for the data plane of `cloud` are made out for: the resource that the challenge names. */
export function vaultResource(cloud: AzureCloud): string {
  return `https://${cloud.vaultSuffix}`;
}

/** The audiences that the data plane of `cloud` accepts. */
export function vaultAudiences(cloud: AzureCloud): readonly string[] {
  return [vaultResource(cloud), `${vaultResource(cloud)}/`, KEY_VAULT_APPLICATION_ID];
}

/**
 * Whether `host` (lower case, no port) is the name of a vault that exists. On Azure the name of one that does not exist
 * cannot be resolved: the gateway refuses the tunnel to it.
 */
export function vaultExists(vaults: VaultRegistry, host: string): boolean {
  const parsed = parseVaultHost(host);
  return parsed !== undefined && vaults.find(parsed.vaultName) !== undefined;
}
