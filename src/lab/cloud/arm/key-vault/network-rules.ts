import { BlockList, isIPv4 } from 'node:net';
import { isObject, objectOr, textOr, type JsonObject } from '../../rest/request.ts';
import type { VaultNetwork } from '../../vault/index.ts';
import { badRequest } from '../arm-errors.ts';
import { invalid } from './access-policies.ts';

const MAX_IP_RULES = 1000;
const MAX_SUBNET_RULES = 200;
const PUBLIC_ACCESS = ['Enabled', 'Disabled', 'SecuredByPerimeter'] as const;

/** Address ranges that no firewall rule may name: a client of Key Vault never comes from there (Key Vault documentation). */
const FORBIDDEN = [
  ['10.0.0.0', 8, '10.0.0.0–10.255.255.255'],
  ['172.16.0.0', 12, '172.16.0.0–172.31.255.255'],
  ['192.168.0.0', 16, '192.168.0.0–192.168.255.255'],
] as const;

/**
 * Reads a vault's `networkAcls`, with what the service fills in: `/32` behind a single address, and the defaults. Undefined
 * when there are none. Throws 400 that names the part which has no valid value.
 */
export function parseNetworkAcls(value: unknown): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid('networkAcls');
  const ipRules = listOf(value['ipRules'], 'ipRules', MAX_IP_RULES);
  const subnets = listOf(value['virtualNetworkRules'], 'virtualNetworkRules', MAX_SUBNET_RULES);
  return {
    bypass: oneOf(value['bypass'], ['AzureServices', 'None'], 'bypass'),
    defaultAction: oneOf(value['defaultAction'], ['Allow', 'Deny'], 'defaultAction'),
    ipRules: ipRules.map((rule, index) => ({
      value: parseAddressRange(rule['value'], `properties.networkAcls.ipRules[${index}].value`),
    })),
    virtualNetworkRules: subnets.map((rule) => ({
      id: textOr(rule['id'], '').toLowerCase(),
      ignoreMissingVnetServiceEndpoint: rule['ignoreMissingVnetServiceEndpoint'] === true,
    })),
  };
}

/** Reads `publicNetworkAccess`; Enabled when it is left out. */
export function parsePublicAccess(value: unknown): VaultNetwork['publicAccess'] {
  if (value === undefined || value === null || value === '') return 'Enabled';
  return oneOf(value, PUBLIC_ACCESS, 'publicNetworkAccess');
}

/** What the data plane needs of a vault's stored properties. */
export function vaultNetwork(properties: JsonObject): VaultNetwork {
  const acls = objectOr(properties['networkAcls']);
  return {
    publicAccess: parsePublicAccess(properties['publicNetworkAccess']),
    denyByDefault: acls['defaultAction'] === 'Deny',
    allowedRanges: listOf(acls['ipRules'], 'ipRules', MAX_IP_RULES).map((rule) => textOr(rule['value'], '')),
  };
}

function listOf(value: unknown, name: string, most: number): readonly JsonObject[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > most || !value.every(isObject)) throw invalid(`networkAcls.${name}`);
  return value;
}

function oneOf<T extends string>(value: unknown, allowed: readonly [T, ...T[]], name: string): T {
  if (value === undefined || value === null) return allowed[0];
  const found = allowed.find((each) => typeof value === 'string' && each.toLowerCase() === value.toLowerCase());
  if (found === undefined) throw invalid(name);
  return found;
}

function parseAddressRange(value: unknown, path: string): string {
  const text = textOr(value, '');
  const [address = '', prefix = '32', ...rest] = text.split('/');
  const bits = Number(prefix);
  if (!isIPv4(address) || rest.length > 0 || !/^\d+$/.test(prefix) || bits > 32) {
    throw badRequest(`Invalid value found at ${path}: ${text}`);
  }
  const range = `${address}/${bits}`;
  for (const [start, startBits, name] of FORBIDDEN) {
    const forbidden = new BlockList();
    forbidden.addSubnet(start, startBits, 'ipv4');
    if (forbidden.check(address)) {
      throw badRequest(
        `Invalid value found at ${path}: ${range} belongs to forbidden range ${name} (private IP addresses)`,
      );
    }
  }
  return range;
}
