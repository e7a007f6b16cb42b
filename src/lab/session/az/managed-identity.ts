import { Secret, withDeadline } from '#base';
import { AzError } from './errors.ts';
import type { AzIo } from './io.ts';
import { parseJson, textAt } from './json.ts';
import { claimsOf } from './token-claims.ts';
import type { AccessToken } from './tokens.ts';

/** How az notes a managed identity in azureProfile.json: `MSI`, `MSIClient-ID`, `MSIObject-ID` or `MSIResource-ID`. */
export type AssignedIdentityInfo = string;

/** The query parameter of the instance metadata service that each kind of id has. */
const PARAMETERS: Readonly<Record<string, string>> = {
  MSIClient: 'client_id',
  MSIObject: 'object_id',
  MSIResource: 'msi_res_id',
};

const TIMEOUT_MS = 10_000;

/**
 * A token of an identity that is assigned to this machine, from the instance metadata service: that of
 * `AZURE_POD_IDENTITY_AUTHORITY_HOST`, else the address that virtual machines have. Throws what it says when no such
 * identity is assigned, or that there is none.
 */
export async function requestManagedIdentityToken(
  io: AzIo,
  info: AssignedIdentityInfo,
  scope: string,
): Promise<AccessToken> {
  const host = io.env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] || 'http://169.254.169.254';
  const [kind = '', ...id] = info.split('-');
  const url = new URL('/metadata/identity/oauth2/token', host);
  url.searchParams.set('api-version', '2018-02-01');
  url.searchParams.set('resource', scope.replace(/\/?\/\.default$/, ''));
  const parameter = PARAMETERS[kind];
  if (parameter !== undefined) url.searchParams.set(parameter, id.join('-'));
  const { readPlainHttp } = await import('./plain-http.ts');
  const answer = await withDeadline(
    { clock: io.clock, timeoutMs: TIMEOUT_MS, signal: io.signal, what: `GET ${url.host}${url.pathname}` },
    (signal) => readPlainHttp(url, { metadata: 'true' }, signal),
  ).catch((error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error);
    throw new AzError('error', `Failed to connect to MSI. Please make sure MSI is configured correctly.\n${detail}`, {
      cause: error,
    });
  });
  const parsed = parseJson(answer.body);
  const token = textAt(parsed, 'access_token');
  if (token === undefined) {
    throw new AzError('error', textAt(parsed, 'error_description') ?? `the metadata service answered ${answer.status}`);
  }
  return { token: new Secret(token), expiresAtMs: Number(textAt(parsed, 'expires_on') ?? 0) * 1000 };
}

/** The tenant that a token says it is of; undefined when it says none. */
export function tenantOf(token: Secret<string>): string | undefined {
  return textAt(claimsOf(token.expose()), 'tid');
}
