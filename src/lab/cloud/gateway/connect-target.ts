import { isElsewhere, isLoopbackAddress } from './elsewhere.ts';

/** Where a CONNECT wants to go, or why it may not. */
export type ConnectTarget =
  | { readonly ok: true; readonly host: string }
  | { readonly ok: false; readonly status: 400 | 403; readonly reason: string };

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
  if (!isElsewhere(host)) {
    return { ok: false, status: 403, reason: `${host} is an address of this machine, or for it alone` };
  }
  const port = Number(match.groups['port']);
  if (port !== 443) return { ok: false, status: 403, reason: `the lab's gateway only leads to port 443, not ${port}` };
  return { ok: true, host };
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
