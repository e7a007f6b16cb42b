import { request } from 'node:http';
import { withDeadline, type ErrorCode } from '#base';
import type { TokenSource } from './access.ts';
import { retryAfterMs, tokenError, type TokenFailure } from './azure-errors.ts';
import { describeCredential, type Credential } from './credential.ts';
import { parseMetadataToken, parsePodIdentityToken } from './node-token-answer.ts';
import type { AdapterOptions } from './adapter-options.ts';

/** A credential whose token a service of the node itself gives out: no library is needed, and no proxy is on the way. */
export type NodeCredential = Extract<Credential, { readonly mode: 'managed-identity' | 'pod-identity' }>;

/** Where the services of the node are, URLs without a slash at their ends. */
export interface NodeServices {
  /** The instance metadata service, as AZURE_POD_IDENTITY_AUTHORITY_HOST gives it. Default `http://169.254.169.254`. */
  readonly metadata: string;
  /** AAD Pod Identity's NMI. Default `http://localhost:2579`, as upstream has it. */
  readonly podIdentity: string;
}

/** Where a node has them. */
export const NODE_SERVICES: NodeServices = {
  metadata: 'http://169.254.169.254',
  podIdentity: 'http://localhost:2579',
};

/** An answer that is longer than this is none of a token service. */
const MAX_ANSWER = 256 * 1024;
/** Both services are on the node or its host: one that has not answered by then is not there. */
const MAX_WAIT_MS = 10_000;
/** How long IMDS is left alone while it is updated (410); it says that this takes at most 70 s. */
const UPDATE_PAUSE_MS = 3_000;

/**
 * Tokens of identities that Azure assigned to the node (instance metadata service, api-version 2018-02-01), or that AAD Pod
 * Identity gives a pod. Plain requests instead of the identity library: that one caches managed identities' tokens for the
 * whole process, and asks again in its own rhythm.
 */
export function createNodeTokenSource(
  adapter: AdapterOptions,
  services: NodeServices,
  credential: NodeCredential,
): TokenSource {
  const { clock } = adapter;
  const service = nodeServiceOf(services, credential);
  return {
    service,
    async token(scope, { signal: outer }) {
      const what = `getting a token for ${describeCredential(credential)} from ${service}`;
      let failure: TokenFailure | undefined;
      try {
        const timeoutMs = Math.min(adapter.timeoutMs, MAX_WAIT_MS);
        return await withDeadline({ clock, timeoutMs, signal: outer, what }, async (signal) => {
          const answer = await ask(adapter, tokenRequest(service, credential, scope), signal);
          failure = failureOf(credential, answer, clock.now());
          if (answer.status !== 200) throw new Error('refused');
          failure = { ...failure, body: undefined };
          return credential.mode === 'managed-identity'
            ? parseMetadataToken(answer.body, clock.now())
            : parsePodIdentityToken(answer.body, clock.now());
        });
      } catch (error) {
        throw tokenError(outer.aborted ? outer.reason : error, failure, what, { mode: credential.mode });
      }
    },
  };
}

/** Which of the node's services gives out the token. */
function nodeServiceOf(services: NodeServices, { mode }: NodeCredential): string {
  return mode === 'managed-identity' ? services.metadata : services.podIdentity;
}

interface Request {
  readonly service: 'imds' | 'pod-identity';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

function tokenRequest(service: string, credential: NodeCredential, scope: string): Request {
  const resource = scope.replace(/\/\.default$/, '');
  if (credential.mode === 'pod-identity') {
    const { name, namespace } = credential.pod;
    const url = new URL(`${service}/host/token/`);
    url.searchParams.set('resource', resource);
    return { service: 'pod-identity', url, headers: { podname: name, podns: namespace } };
  }
  const url = new URL(`${service}/metadata/identity/oauth2/token`);
  url.searchParams.set('api-version', '2018-02-01');
  url.searchParams.set('resource', resource);
  const { assigned } = credential;
  if (assigned?.kind === 'client-id') url.searchParams.set('client_id', assigned.clientId);
  if (assigned?.kind === 'resource-id') url.searchParams.set('msi_res_id', assigned.resourceId);
  return { service: 'imds', url, headers: { metadata: 'true' } };
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

async function ask({ clock, onRequest }: AdapterOptions, asked: Request, signal: AbortSignal): Promise<Answer> {
  const startedMs = clock.monotonic();
  let status: number | undefined;
  try {
    const answer = await send(asked, signal);
    ({ status } = answer);
    return answer;
  } finally {
    onRequest({ service: asked.service, status, durationMs: clock.monotonic() - startedMs });
  }
}

function send({ url, headers }: Request, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, signal, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        body += text;
        if (body.length > MAX_ANSWER) answer.destroy(new Error(`the answer is longer than ${MAX_ANSWER} characters`));
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'], body }),
      );
      answer.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/**
 * What a refusal means. IMDS answers 404 and 410 while it is updated, and wants to be asked again then, as after 429 and 5xx
 * (Azure documentation, "How to use managed identities … to acquire an access token", retry guidance).
 */
function failureOf({ mode }: NodeCredential, { status, retryAfter, body }: Answer, nowMs: number): TokenFailure {
  const updating = mode === 'managed-identity' && (status === 404 || status === 410);
  const pauseMs = retryAfterMs(retryAfter, nowMs) ?? (updating && status === 410 ? UPDATE_PAUSE_MS : undefined);
  const code: ErrorCode | undefined = updating ? 'unavailable' : undefined;
  // NMI answers in plain text.
  const text = mode === 'pod-identity' && !body.startsWith('{') ? { error: body.trim().slice(0, 300) } : undefined;
  return { status, body: text === undefined ? body : JSON.stringify(text), retryAfterMs: pauseMs, code };
}
