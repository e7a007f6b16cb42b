import type { Secret } from '#base';
import type { Application, Directory, Principal } from '../directory.ts';
import { AadstsError } from './aadsts.ts';
import type { AuthorizationCodes, CodeGrant } from './authorization-codes.ts';
import { renderFormPost } from './sign-in-pages.ts';

/** What the authorize endpoint needs. */
export interface AuthorizeDeps {
  readonly directory: Directory;
  readonly codes: AuthorizationCodes;
}

/** Programs that are no application of the tenant, such as az, come back to this machine or to this page. */
const NATIVE_CLIENT = 'https://login.microsoftonline.com/common/oauth2/nativeclient';

/**
 * Answers a sign-in with a browser at once: the lab has one user, and whoever can reach the lab is that user. The code
 * goes back as `response_mode` says: a page that posts itself, or a redirect. Throws AADSTS 900144, 700016, 50011
 * (a reply address that the client does not have), 700054 or 9002325; those end on a page, never at the reply address.
 */
export function answerAuthorize({ directory, codes }: AuthorizeDeps, query: URLSearchParams): Response {
  const field = (name: string) => {
    const value = query.get(name);
    if (value !== null && value !== '') return value;
    throw new AadstsError(900144, `The request body must contain the following parameter: '${name}'.`);
  };
  const clientId = field('client_id');
  const redirectUri = requireReplyAddress(directory, clientId, query.get('redirect_uri'));
  const responseType = field('response_type');
  if (responseType !== 'code') {
    throw new AadstsError(700054, `response_type '${responseType}' is not enabled for the application.`);
  }
  const code = codes.issue({
    clientId,
    userObjectId: signedIn(directory, query.get('login_hint')).objectId,
    redirectUri,
    scope: query.get('scope') ?? '',
    nonce: query.get('nonce') ?? undefined,
    challenge: parseChallenge(query),
  });
  return sendCode(redirectUri, query.get('response_mode') ?? 'query', {
    code,
    state: query.get('state') ?? undefined,
  });
}

function requireReplyAddress(directory: Directory, clientId: string, asked: string | null): string {
  if (asked === null || asked === '') throw new AadstsError(900971, 'No reply address provided.');
  const application = directory.applicationByClientId(clientId);
  const known =
    application === undefined
      ? asked === NATIVE_CLIENT || isLoopback(asked)
      : replyAddresses(application).some((address) => sameAddress(address, asked));
  if (known) return asked;
  throw new AadstsError(
    50011,
    `The redirect URI '${asked}' specified in the request does not match the redirect URIs configured for the ` +
      `application '${clientId}'. Make sure the redirect URI sent in the request matches one added to your application ` +
      `in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to ` +
      `troubleshoot this issue.`,
  );
}

function replyAddresses({ properties }: Application): readonly string[] {
  return ['web', 'publicClient', 'spa'].flatMap((kind) => {
    const { redirectUris } = (properties[kind] ?? {}) as { readonly redirectUris?: unknown };
    return Array.isArray(redirectUris) ? redirectUris.filter((uri) => typeof uri === 'string') : [];
  });
}

/** The port of `http://localhost` is free, as for native programs that listen where they can. */
function sameAddress(registered: string, asked: string): boolean {
  if (registered === asked) return true;
  if (!isLoopback(registered) || !isLoopback(asked)) return false;
  const [left, right] = [new URL(registered), new URL(asked)];
  return left.hostname === right.hostname && left.pathname === right.pathname;
}

function isLoopback(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** The user of the hint where the tenant has it, else the lab's user. */
function signedIn(directory: Directory, hint: string | null): Principal {
  const wanted = hint?.toLowerCase();
  const found = directory
    .principals()
    .find((each) => each.type === 'User' && each.userPrincipalName?.toLowerCase() === wanted);
  return found ?? directory.user;
}

function parseChallenge(query: URLSearchParams): CodeGrant['challenge'] {
  const value = query.get('code_challenge');
  if (value === null || value === '') return undefined;
  const method = query.get('code_challenge_method') ?? 'plain';
  if (method !== 'S256' && method !== 'plain') {
    throw new AadstsError(9002325, `The code_challenge_method '${method}' is not supported.`);
  }
  return { method, value };
}

function sendCode(
  redirectUri: string,
  mode: string,
  { code, state }: { readonly code: Secret<string>; readonly state: string | undefined },
): Response {
  const fields = { code: code.expose(), ...(state === undefined ? {} : { state }) };
  if (mode === 'form_post') return renderFormPost(redirectUri, fields);
  const location = new URL(redirectUri);
  const answer = new URLSearchParams(fields);
  if (mode === 'fragment') location.hash = answer.toString();
  else for (const [name, value] of answer) location.searchParams.append(name, value);
  return new Response(null, { status: 302, headers: { location: location.href } });
}
