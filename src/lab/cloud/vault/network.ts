import { BlockList } from 'node:net';
import { AzureError } from '../rest/azure-error.ts';
import type { AccessToken } from '../service.ts';
import { callerOf } from './caller.ts';
import type { VaultRecord } from './vault-registry.ts';

/**
 * The address that every client of the lab has for a vault's firewall, commands and pods alike: they reach the lab on its
 * loopback address, and the lab cannot tell more. A rule that is to let them through names it.
 */
export const LAB_CLIENT_ADDRESS = '127.0.0.1';

/**
 * Lets a request to `vault` pass, or throws 403: ForbiddenByConnection when the vault has no public access,
 * ForbiddenByFirewall when it denies by default and no rule names the client's address. No client of the lab is a trusted
 * service of Azure, comes from a subnet or through a private endpoint, so only addresses decide.
 */
export function checkNetwork(vault: VaultRecord, token: AccessToken): void {
  const { publicAccess, denyByDefault, allowedRanges } = vault.network;
  if (publicAccess !== 'Enabled') {
    throw forbidden(vault, token, 'ForbiddenByConnection', [
      'Public network access is disabled and request is not from a trusted service nor via an approved private link.',
    ]);
  }
  if (!denyByDefault || allowedRanges.some((range) => holds(range, LAB_CLIENT_ADDRESS))) return;
  throw forbidden(vault, token, 'ForbiddenByFirewall', [
    'Client address is not authorized and caller is not a trusted service.',
    `Client address: ${LAB_CLIENT_ADDRESS}`,
  ]);
}

function holds(range: string, address: string): boolean {
  const [start = '', bits = '32'] = range.split('/');
  const list = new BlockList();
  list.addSubnet(start, Number(bits), 'ipv4');
  return list.check(address);
}

function forbidden(vault: VaultRecord, token: AccessToken, innerCode: string, why: readonly string[]): AzureError {
  const lines = [...why, `Caller: ${callerOf(token)}`, `Vault: ${vault.name};location=${vault.location}`];
  return new AzureError(403, 'Forbidden', lines.join('\r\n'), { innerCode });
}
