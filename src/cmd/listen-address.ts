import { KeyferryError } from '#base';

/** Reads the address of a unix socket as Go's programs take it: `unix:///path`, `unix://path` and `unix:path`, always absolute. */
export function parseUnixEndpoint(endpoint: string): string {
  const path = /^unix:(?:\/\/)?([^\0]+)$/i.exec(endpoint)?.[1];
  if (path === undefined) {
    throw new KeyferryError('invalid-input', `endpoint "${endpoint}" is not valid: it must be unix:///<path>`);
  }
  return path.startsWith('/') ? path : `/${path}`;
}

/** Reads a TCP address as Go's programs take it: `:8095`, `127.0.0.1:8095`, `[::1]:8095`; `0` and the empty text mean none. */
export function parseListenAddress(address: string): { readonly host: string; readonly port: number } | undefined {
  if (address === '' || address === '0') return undefined;
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new KeyferryError('invalid-input', `address "${address}" is not valid: it must be host:port or :port`);
  }
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port };
}
