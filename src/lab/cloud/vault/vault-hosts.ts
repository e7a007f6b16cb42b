import type { VaultRegistry } from './vault-registry.ts';

/** The clouds' names for the data plane: Azure, Azure China, Azure Government, Azure Germany. */
const VAULT_DOMAINS = ['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net', 'vault.microsoftazure.de'];

/** The application id of Key Vault, which v2.0 tokens carry as their audience. */
const KEY_VAULT_APPLICATION_ID = 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093';

/** A data plane host, taken apart. */
export interface VaultHost {
  /** In lower case. */
  readonly vaultName: string;
  /** For example `vault.azure.net`. */
  readonly domain: string;
}

/** Takes `<vault>.vault.azure.net` and its sovereign kin apart (lower case, no port); undefined for any other host. */
export function parseVaultHost(host: string): VaultHost | undefined {
  const dot = host.indexOf('.');
  const domain = host.slice(dot + 1);
  return dot > 0 && VAULT_DOMAINS.includes(domain) ? { vaultName: host.slice(0, dot), domain } : undefined;
}

/** What a token for `domain` is made out for: the resource that the challenge names. */
export function vaultResource(domain: string): string {
  return `https://${domain}`;
}

/** The audiences that the data plane at `domain` accepts. */
export function vaultAudiences(domain: string): readonly string[] {
  return [vaultResource(domain), `${vaultResource(domain)}/`, KEY_VAULT_APPLICATION_ID];
}

/**
 * Whether `host` (lower case, no port) is the name of a vault that exists. On Azure the name of one that does not exist
 * cannot be resolved: the gateway refuses the tunnel to it.
 */
export function vaultExists(vaults: VaultRegistry, host: string): boolean {
  const parsed = parseVaultHost(host);
  return parsed !== undefined && vaults.find(parsed.vaultName) !== undefined;
}
