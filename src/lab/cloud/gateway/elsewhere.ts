import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('0.0.0.0', 'ipv4');
loopback.addAddress('::1', 'ipv6');
loopback.addAddress('::', 'ipv6');

/** Addresses that mean the machine that asks, or what its cloud tells nobody but it. */
const local = new BlockList();
// Link-local: the metadata services of most clouds, with the tokens of the machine that the lab runs on.
local.addSubnet('169.254.0.0', 16, 'ipv4');
local.addSubnet('fe80::', 10, 'ipv6');
// The same elsewhere: Azure's WireServer, Alibaba Cloud, Amazon EC2.
local.addAddress('168.63.129.16', 'ipv4');
local.addAddress('100.100.100.200', 'ipv4');
local.addAddress('fd00:ec2::254', 'ipv6');

/** Whether an IP address means this machine by a loopback address; IPv4 addresses inside IPv6 included. */
export function isLoopbackAddress(address: string): boolean {
  return isOn(loopback, address);
}

/**
 * Whether the gateway leads to an IP address: not to this machine by any of its addresses, and not to link-local ones.
 * A text that is no address is no reason to refuse.
 */
export function isElsewhere(address: string): boolean {
  if (isOn(loopback, address) || isOn(local, address)) return false;
  const own = new BlockList();
  for (const { address: mine } of Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])) {
    own.addAddress(mine, isIP(mine) === 6 ? 'ipv6' : 'ipv4');
  }
  return !isOn(own, address);
}

/** Name resolution that knows only addresses elsewhere, so that no connection is begun to any other. */
export const lookupElsewhere: LookupFunction = (host, options, done) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    const usable = error === null ? addresses.filter(({ address }) => isElsewhere(address)) : [];
    const [first] = usable;
    if (error !== null) done(error, '', 0);
    else if (first === undefined) done(new Error(`${host} is this machine, or an address for it alone`), '', 0);
    else if (options.all === true) done(null, usable);
    else done(null, first.address, first.family);
  });
};

function isOn(list: BlockList, address: string): boolean {
  const plain = address.split('%', 1)[0] ?? '';
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}
