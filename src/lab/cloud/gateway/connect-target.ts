import { BlockList, isIP } from 'node:net';

/** Where a CONNECT wants to go, or why it may not. */
export type ConnectTarget =
  | { readonly ok: true; readonly host: string }
  | { readonly ok: false; readonly status: 400 | 403; readonly reason: string };

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('0.0.0.0', 'ipv4');
loopback.addAddress('::1', 'ipv6');
loopback.addAddress('::', 'ipv6');

/** Whether an IP address means this machine; IPv4 addresses inside IPv6 included. */
export function isLoopbackAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Reads the `host:port` of a CONNECT request. The gateway is no way to this machine's own services and to no port but 443:
 * whoever may open its port must gain nothing by that.
 */
export function parseConnectTarget(authority: string): ConnectTarget {
  const match = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[^:[\]/@\s]+)):(?<port>\d{1,5})$/i.exec(authority);
  if (match?.groups === undefined) {
    return { ok: false, status: 400, reason: `'${printable(authority)}' is not host:port` };
  }
  const host = (match.groups['v6'] ?? match.groups['name'] ?? '').toLowerCase().replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host)) {
    return {
      ok: false,
      status: 403,
      reason: `${host} is this machine; set NO_PROXY=127.0.0.1,localhost so that the client goes there by itself`,
    };
  }
  const port = Number(match.groups['port']);
  if (port !== 443) return { ok: false, status: 403, reason: `the lab's gateway only leads to port 443, not ${port}` };
  return { ok: true, host };
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
