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
  readonly note: (facts: AuditFacts) => void;
}

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Reads a body of type `application/x-www-form-urlencoded`. */
export function parseTokenForm(body: string): TokenForm {
  const fields = new URLSearchParams(body);
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
