import { Secret } from '#base';
import type { AuditFacts } from '../service.ts';
import { AadstsError } from './aadsts.ts';

/** How a client proves who it is. */
export type ClientCredential =
  | { readonly kind: 'secret'; readonly secret: Secret<string> }
  | { readonly kind: 'assertion'; readonly assertion: Secret<string> };

/** The fields of a token request, as they were sent. Empty fields count as missing. */
export interface TokenForm {
  get(name: string): string | undefined;
  /** Throws AADSTS900144 when the field is missing. */
  require(name: string): string;
}

/** One token request: the tenant of its path, its form, and whom to tell about it. */
export interface TokenRequest {
  readonly tenantSegment: string;
  readonly form: TokenForm;
  /** `v1` is `/oauth2/token`: it takes `resource` instead of `scope` and answers numbers as strings. */
  readonly version: 'v1' | 'v2';
  /** The sign-in host that the cloud's v2.0 tokens name as their issuer. */
  readonly loginHost: string;
  readonly note: (facts: AuditFacts) => void;
}

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Reads a body of type `application/x-www-form-urlencoded`. The client may name and prove itself in the header
 * `Authorization: Basic` instead (`client_secret_basic`, RFC 6749 section 2.3.1), as generic OAuth 2.0 libraries do; what
 * the body says wins.
 */
export function parseTokenForm(body: string, authorization?: string): TokenForm {
  const fields = new URLSearchParams(body);
  for (const [name, value] of Object.entries(basicCredential(authorization))) {
    if (!fields.get(name)) fields.set(name, value);
  }
  const get = (name: string) => fields.get(name) || undefined;
  return {
    get,
    require: (name) => {
      const value = get(name);
      if (value !== undefined) return value;
      throw new AadstsError(900144, `The request body must contain the following parameter: '${name}'.`);
    },
  };
}

function basicCredential(authorization: string | undefined): Record<string, string> {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '')?.[1];
  const text = Buffer.from(encoded ?? '', 'base64').toString();
  const at = text.indexOf(':');
  return at < 0 ? {} : { client_id: formDecoded(text.slice(0, at)), client_secret: formDecoded(text.slice(at + 1)) };
}

/** Both parts are form-encoded before they are joined; a client that did not encode them gets them as they are. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** The credential of a client credentials request. Throws AADSTS7000216 when there is none. */
export function parseClientCredential(form: TokenForm): ClientCredential {
  const secret = form.get('client_secret');
  if (secret !== undefined) return { kind: 'secret', secret: new Secret(secret) };
  const assertion = form.get('client_assertion');
  if (assertion !== undefined && form.require('client_assertion_type') === JWT_BEARER) {
    return { kind: 'assertion', assertion: new Secret(assertion) };
  }
  throw new AadstsError(
    7000216,
    "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
  );
}

/** The client capabilities that the `claims` field asks for (`xms_cc`); a field that cannot be read asks for none. */
export function parseCapabilities(form: TokenForm): readonly string[] {
  try {
    const claims = JSON.parse(form.get('claims') ?? '{}') as {
      access_token?: { xms_cc?: { values?: unknown } };
    } | null;
    const values = claims?.access_token?.xms_cc?.values;
    return Array.isArray(values) ? values.filter((value) => typeof value === 'string').slice(0, 10) : [];
  } catch {
    return [];
  }
}
