import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { KeyferryError } from '#base';

/** An address as a person names it; without a port, the lab chooses. */
export interface NamedAddress {
  readonly host: string;
  readonly port?: number;
}

/**
 * Reads `--listen`: an IP address, or `localhost`, perhaps with `:PORT`; IPv6 addresses in brackets where a port follows.
 * Throws `invalid-input`.
 */
export function parseListen(text: string): NamedAddress {
  const { host, port } = splitAddress('--listen', text);
  const address = host === 'localhost' ? '127.0.0.1' : host;
  if (isIP(address) === 0) {
    throw new KeyferryError('invalid-input', `--listen ${text}: "${host}" is no IP address`, {
      hint: ownAddressHint(),
    });
  }
  return { host: address, ...(port === undefined ? {} : { port }) };
}

/** Reads `--advertise`: a host name or an IP address, perhaps with `:PORT`. Throws `invalid-input`. */
export function parseAdvertised(text: string): NamedAddress {
  const { host, port } = splitAddress('--advertise', text);
  if (isIP(host) === 0 && !/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i.test(host)) {
    throw new KeyferryError('invalid-input', `--advertise ${text}: "${host}" is neither a host name nor an IP address`);
  }
  if (isUnspecified(host)) {
    throw new KeyferryError('invalid-input', `--advertise ${text}: no pod can connect to ${host}`, {
      hint: ownAddressHint(),
    });
  }
  return { host, ...(port === undefined ? {} : { port }) };
}

/** Whether an address means all of a machine's. */
export function isUnspecified(host: string): boolean {
  return isIP(host) !== 0 && /^[0:.]+$/.test(host);
}

/** Whether only this machine can connect to an address. */
export function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Which addresses there are to choose from. */
export function ownAddressHint(): string {
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, entries]) =>
    (entries ?? []).flatMap(({ address, family, internal }) =>
      internal || family !== 'IPv4' ? [] : [`${address} (${name})`],
    ),
  );
  return addresses.length === 0
    ? 'This machine has no address but its loopback ones.'
    : `This machine has ${addresses.join(', ')}; for kind it is the gateway of its network ("docker network inspect kind").`;
}

function splitAddress(option: string, text: string): { readonly host: string; readonly port: number | undefined } {
  if (isIP(text) === 6) return { host: text, port: undefined };
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]]+))(?::(?<port>\d{1,5}))?$/.exec(text);
  const port = match?.groups?.['port'] === undefined ? undefined : Number(match.groups['port']);
  if (match?.groups === undefined || (port !== undefined && (port < 1 || port > 65_535))) {
    throw new KeyferryError('invalid-input', `${option} ${text}: that is no ADDRESS or ADDRESS:PORT`, {
      hint: 'For example 172.18.0.1:8443, or [fd00::1]:8443; ports are 1 to 65535.',
    });
  }
  return { host: match.groups['v6'] ?? match.groups['host'] ?? '', port };
}
