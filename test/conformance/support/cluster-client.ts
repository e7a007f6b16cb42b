import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** What an API server answered. */
export interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: Body;
}

/** A JSON object of which nothing is known; reading a field that is not there gives undefined. */
// oxlint-disable-next-line typescript/no-explicit-any -- answers of any server are looked into field by field
export type Body = any;

/** One request. */
export interface Call {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Use this token instead of the kubeconfig's credentials. */
  readonly token?: string;
}

/** An API server, reached with nothing but HTTPS and a kubeconfig. */
export interface ClusterClient {
  call(call: Call): Promise<Answer>;
  /** Events of a watch, until `enough` of them have come, the server ends it, or ten seconds are over. */
  watch(path: string, enough: (events: readonly Body[]) => boolean, accept?: string): Promise<readonly Body[]>;
}

const TIMEOUT_MS = 10_000;

interface NamedEntry {
  readonly name: string;
  readonly cluster?: Readonly<Record<string, string>>;
  readonly user?: Readonly<Record<string, string>>;
  readonly context?: Readonly<Record<string, string>>;
}

/** A client for the current context of a kubeconfig (YAML): certificates or a token, in it or in files. */
export function connect(kubeconfig: string): ClusterClient {
  const config = parse(kubeconfig) as Readonly<Record<string, unknown>>;
  const named = (list: string, name: string | undefined) =>
    (config[list] as readonly NamedEntry[]).find((entry) => entry.name === name);
  const context = named('contexts', config['current-context'] as string)?.context;
  const cluster = named('clusters', context?.['cluster'])?.cluster ?? {};
  const user = named('users', context?.['user'])?.user ?? {};
  const server = new URL(cluster['server'] ?? '');
  const bytes = (entry: Readonly<Record<string, string>>, field: string) => {
    const data = entry[`${field}-data`];
    if (data !== undefined) return Buffer.from(data, 'base64');
    return entry[field] === undefined ? undefined : readFileSync(entry[field]);
  };
  const tls: RequestOptions = {
    host: server.hostname,
    port: server.port || 443,
    ca: bytes(cluster, 'certificate-authority'),
    ...(cluster['tls-server-name'] === undefined ? {} : { servername: cluster['tls-server-name'] }),
  };
  const own: RequestOptions = { cert: bytes(user, 'client-certificate'), key: bytes(user, 'client-key') };

  const send = ({ method, path, body, contentType, accept, headers, token }: Call) => {
    const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const bearer = token ?? user['token'];
    const request = httpsRequest({
      ...tls,
      ...(token === undefined ? own : {}),
      method,
      path: server.pathname.replace(/\/$/, '') + path,
      agent: false,
      headers: {
        accept: accept ?? 'application/json',
        // said outright: a body of a DELETE would not be sent otherwise
        ...(payload === undefined
          ? {}
          : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(payload) }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
    });
    request.end(payload);
    return request;
  };
  const respond = (call: Call) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(call);
      request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error(`no answer to ${call.method} ${call.path}`)));
      request.on('response', resolve);
      request.on('error', reject);
    });

  return {
    call: async (call) => {
      const response = await respond(call);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString('utf8');
      return { code: response.statusCode ?? 0, headers: response.headers, text, body: jsonOf(text) };
    },
    watch: async (path, enough, accept) => {
      const response = await respond({ method: 'GET', path, ...(accept === undefined ? {} : { accept }) });
      const events: Body[] = [];
      const timer = setTimeout(() => response.destroy(), TIMEOUT_MS);
      let rest = '';
      try {
        for await (const chunk of response) {
          const lines = (rest + (chunk as Buffer).toString('utf8')).split('\n');
          rest = lines.pop() ?? '';
          events.push(...lines.filter((line) => line !== '').map(jsonOf));
          if (enough(events)) break;
        }
      } catch (error) {
        // cut off after ten seconds: what has come is what there is
        if (!response.destroyed) throw error;
      } finally {
        clearTimeout(timer);
        response.destroy();
      }
      return events;
    },
  };
}

function jsonOf(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return undefined;
  }
}
