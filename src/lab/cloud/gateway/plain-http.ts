import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { startHttpServer, type HttpServer } from '#http';
import { parseConnectTarget } from './connect-target.ts';
import { isLoopbackAddress } from './elsewhere.ts';
import { forwardPlainHttp } from './forward-http.ts';
import { createServiceListener, type ServeOptions } from './serve.ts';
import type { CloudService } from '../service.ts';

/** What plain HTTP requests are answered with. */
export interface PlainHttpOptions extends Omit<ServeOptions, 'services' | 'bodyLimitBytes' | 'reset'> {
  /** The instance metadata service, the one host that is reached by plain HTTP. */
  readonly metadata?: { readonly service: CloudService; readonly host: string } | undefined;
  readonly allowInternet?: boolean | undefined;
  /** The proxy to the internet, when there is one; only used with `allowInternet`. */
  readonly upstreamProxy?: string | undefined;
  /** Answers the lab's own business. */
  readonly control?: RequestListener | undefined;
}

const METADATA_PATH = /^\/(?:metadata|host\/token)(?:[/?]|$)/i;
const BODY_LIMIT_BYTES = 64 * 1024;

/**
 * Answers plain HTTP on a port of the lab: instance metadata, both asked for here
 * (`AZURE_POD_IDENTITY_AUTHORITY_HOST`) and through this port as `HTTP_PROXY` under its own address, as programs do that
 * know no other. Any other host is refused as a CONNECT would be, or reached with `allowInternet`; this machine never is.
 */
export function createPlainHttpListener(options: PlainHttpOptions): RequestListener {
  const { metadata, control } = options;
  const serveMetadata =
    metadata === undefined
      ? undefined
      : createServiceListener({ ...options, services: [metadata.service], bodyLimitBytes: BODY_LIMIT_BYTES });
  const askMetadata = (message: IncomingMessage, response: ServerResponse, path: string) => {
    message.url = path;
    message.headers.host = metadata?.host ?? '';
    serveMetadata?.(message, response);
  };
  return (message, response) => {
    const target = message.url ?? '/';
    if (!target.startsWith('/')) {
      const url = URL.canParse(target) ? new URL(target) : undefined;
      if (url?.protocol !== 'http:') return refuse(message, response, 400, 'the request target is no http:// address');
      if (serveMetadata !== undefined && url.host === metadata?.host) {
        return askMetadata(message, response, `${url.pathname}${url.search}`);
      }
      return proxyElsewhere(options, message, response, url);
    }
    if (serveMetadata !== undefined && METADATA_PATH.test(target)) {
      if (isAskedForHere(message.headers.host, metadata?.host)) return askMetadata(message, response, target);
      const reason = 'instance metadata is not served under this name; ask for it by the address of this machine';
      return refuse(message, response, 403, reason);
    }
    if (control !== undefined) return control(message, response);
    return refuse(message, response, 404, "this is the lab's gateway: an HTTPS CONNECT proxy; set it as HTTPS_PROXY");
  };
}

/** A port of its own for a node's metadata service, on 127.0.0.1. */
export function startMetadataListener(options: PlainHttpOptions): Promise<HttpServer> {
  return startHttpServer({ listener: createPlainHttpListener(options), clock: options.clock });
}

/**
 * Whether a request's Host is this machine by address, or IMDS's own. A web page whose name was made to lead here (DNS
 * rebinding) may set any header, `Metadata` too; its name in the Host is all that tells it from a program of this machine.
 */
function isAskedForHere(host: string | undefined, metadataHost: string | undefined): boolean {
  const name = host?.toLowerCase().replace(/:\d+$/, '') ?? '';
  return name === 'localhost' || name === metadataHost || isLoopbackAddress(name.replace(/^\[(.*)\]$/, '$1'));
}

function proxyElsewhere(options: PlainHttpOptions, message: IncomingMessage, response: ServerResponse, url: URL): void {
  // The port is free here, as plain HTTP has no usual one; the rule about this machine is the same.
  const parsed = parseConnectTarget(`${url.hostname}:443`);
  if (!parsed.ok) return refuse(message, response, parsed.status, parsed.reason);
  if (options.allowInternet !== true) {
    const reason = `http://${url.host} is not part of the lab; start it with --allow-internet to reach other hosts`;
    return refuse(message, response, 502, reason);
  }
  forwardPlainHttp(message, response, url, options.upstreamProxy).catch((error: unknown) => {
    refuse(message, response, 502, error instanceof Error ? error.message : String(error));
  });
  return undefined;
}

function refuse(message: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  message.resume();
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
