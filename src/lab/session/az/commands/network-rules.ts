import { BlockList, isIP } from 'node:net';
import { usageError } from '../errors.ts';
import { isObject, objectsAt, textAt, type JsonObject } from '../json.ts';

/** Addresses (IPv4, with or without a prefix length) and subnets (resource ids) that rules name. */
export interface RuleSubjects {
  readonly addresses: readonly string[];
  readonly subnets: readonly string[];
}

/** The rules of a vault; a vault without any lets everybody in. */
export function rulesOf(properties: JsonObject): JsonObject {
  const rules = properties['networkAcls'];
  return isObject(rules) ? rules : { bypass: 'AzureServices', defaultAction: 'Allow' };
}

/** The rules with the subjects added that no rule covers yet; undefined when there is nothing to add. `warn` is told of the others. */
export function addRules(
  rules: JsonObject,
  { addresses, subnets }: RuleSubjects,
  warn: (text: string) => void,
): JsonObject | undefined {
  let ipRules = objectsAt(rules, 'ipRules');
  let subnetRules = objectsAt(rules, 'virtualNetworkRules');
  for (const address of addresses) {
    const covering = ipRules.find((rule) => overlaps(textAt(rule, 'value') ?? '', address));
    if (covering === undefined) ipRules = [...ipRules, { value: address }];
    else {
      const known = textAt(covering, 'value');
      warn(`IP/CIDR ${address} overlaps with ${known}, which exists already. Not adding duplicates.`);
    }
  }
  for (const subnet of subnets) {
    const isKnown = subnetRules.some((rule) => sameText(textAt(rule, 'id'), subnet));
    if (!isKnown) subnetRules = [...subnetRules, { id: subnet }];
  }
  const added =
    ipRules.length > objectsAt(rules, 'ipRules').length ||
    subnetRules.length > objectsAt(rules, 'virtualNetworkRules').length;
  return added ? { ...rules, ipRules, virtualNetworkRules: subnetRules } : undefined;
}

/** The rules without those for exactly these subjects; undefined when there are none. */
export function removeRules(rules: JsonObject, { addresses, subnets }: RuleSubjects): JsonObject | undefined {
  const ipRules = objectsAt(rules, 'ipRules').filter(
    (rule) => !addresses.some((address) => cidr(address) === cidr(textAt(rule, 'value') ?? '')),
  );
  const virtualNetworkRules = objectsAt(rules, 'virtualNetworkRules').filter(
    (rule) => !subnets.some((subnet) => sameText(textAt(rule, 'id'), subnet)),
  );
  const removed =
    ipRules.length < objectsAt(rules, 'ipRules').length ||
    virtualNetworkRules.length < objectsAt(rules, 'virtualNetworkRules').length;
  return removed ? { ...rules, ipRules, virtualNetworkRules } : undefined;
}

/** Throws az's error for what is no address or network. */
export function checkAddresses(addresses: readonly string[]): void {
  for (const address of addresses) {
    const [host = '', prefix = '32'] = address.split('/');
    const isNetwork = isIP(host) === 4 && /^\d+$/.test(prefix) && Number(prefix) <= 32;
    if (!isNetwork) throw usageError(`'${address}' does not appear to be an IPv4 or IPv6 network`);
  }
}

function cidr(address: string): string {
  return address.includes('/') ? address : `${address}/32`;
}

/** Two networks overlap when one holds the other's first address. */
function overlaps(one: string, other: string): boolean {
  return holds(one, other) || holds(other, one);
}

function holds(network: string, other: string): boolean {
  const [host = '', prefix = '32'] = network.split('/');
  const list = new BlockList();
  list.addSubnet(host, Number(prefix), 'ipv4');
  return list.check(other.split('/')[0] ?? '', 'ipv4');
}

function sameText(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}
