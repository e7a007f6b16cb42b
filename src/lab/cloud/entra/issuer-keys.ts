import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import * as z from 'zod';
import { createSingleFlight, errorText, putNewest, type Clock, type Log } from '#base';
import { AadstsError } from './aadsts.ts';

/** Reads a JSON document of `issuer`; throws when it cannot be had. */
export type FetchJson = (url: string, issuer: string) => Promise<unknown>;

/** The published keys of external token issuers. */
export interface IssuerKeys {
  /**
   * The RSA key `kid` of `issuer`. Throws AADSTS50166 when the documents cannot be had or used, 900612 when what should
   * hold the keys is no set of keys, 7000272 when the key is not among the published ones.
   */
  find(issuer: string, kid: string): Promise<KeyObject>;
}

/** What reading issuers' keys needs. */
export interface IssuerKeysDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly fetchJson: FetchJson;
  /**
   * How long fetched keys are used without another look, milliseconds. Default 30,000: a withdrawn key is not trusted
   * longer, and a new one is not known sooner.
   */
  readonly freshMs?: number;
}

const metadataSchema = z.object({ issuer: z.string(), jwks_uri: z.string() });
const jwksSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(1000) });
const rsaKeySchema = z.object({
  kty: z.literal('RSA'),
  kid: z.string(),
  n: z.string(),
  e: z.string(),
  use: z.literal('sig').optional(),
});

interface CachedKeys {
  readonly byKid: ReadonlyMap<string, KeyObject>;
  readonly fetchedAtMs: number;
}

/** How many issuers are remembered; the oldest goes first. */
const MAX_ISSUERS = 100;

/**
 * Reads an issuer's discovery document and JWKS, and keeps them for a while whatever `kid` is asked for, as Entra ID does
 * for longer: who signs with a key before it was published that long is refused meanwhile. Failures are not kept.
 */
export function createIssuerKeys({ clock, log, fetchJson, freshMs = 30_000 }: IssuerKeysDeps): IssuerKeys {
  const cache = new Map<string, CachedKeys>();
  const flights = createSingleFlight<CachedKeys>();
  const refresh = (issuer: string) =>
    flights.run(issuer, async () => {
      const keys = { byKid: await fetchKeys(issuer, fetchJson, log), fetchedAtMs: clock.monotonic() };
      putNewest(cache, issuer, keys, MAX_ISSUERS);
      return keys;
    });
  return {
    find: async (issuer, kid) => {
      const cached = cache.get(issuer);
      const fresh = cached !== undefined && clock.monotonic() - cached.fetchedAtMs < freshMs;
      const key = (fresh ? cached : await refresh(issuer)).byKid.get(kid);
      if (key === undefined) {
        throw new AadstsError(
          7000272,
          `The certificate with identifier ${kid} used to sign the federated credential could not be found in the ` +
            `metadata of identity provider ${issuer}. Please validate that your Identity Provider's metadata exposes ` +
            `the key used to sign the incoming token.`,
        );
      }
      return key;
    },
  };
}

async function fetchKeys(issuer: string, fetchJson: FetchJson, log: Log): Promise<ReadonlyMap<string, KeyObject>> {
  let jwks: unknown;
  try {
    const metadata = metadataSchema.parse(
      await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, issuer),
    );
    // OpenID Connect Discovery 1.0, section 4.3: the issuer must be the one that was asked, exactly.
    if (metadata.issuer !== issuer) throw new Error(`its discovery document names the issuer '${metadata.issuer}'`);
    jwks = await fetchJson(metadata.jwks_uri, issuer);
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : errorText(error);
    log.warn('the documents of a token issuer cannot be used', { issuer, reason });
    throw new AadstsError(50166, 'Request to External OIDC endpoint failed.', { cause: new Error(reason) });
  }
  const parsed = jwksSchema.safeParse(jwks);
  if (!parsed.success) {
    log.warn('the keys of a token issuer cannot be used', { issuer, reason: z.prettifyError(parsed.error) });
    throw new AadstsError(900612, 'Failed to parse provider signing keys.');
  }
  return new Map(parsed.data.keys.flatMap((key) => rsaKey(key)));
}

/** Keys that RS256 cannot use are left out, as if they were not published. */
function rsaKey(jwk: Readonly<Record<string, unknown>>): [string, KeyObject][] {
  const parsed = rsaKeySchema.safeParse(jwk).data;
  if (parsed === undefined) return [];
  const { kty, kid, n, e } = parsed;
  const key: JsonWebKey = { kty, n, e };
  return [[kid, createPublicKey({ key, format: 'jwk' })]];
}
