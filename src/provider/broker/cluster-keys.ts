import { importJWK } from 'jose';
import * as z from 'zod';
import { createSingleFlight, errorText, KeyferryError, type Clock, type Log } from '#base';

/** The public half of a key that signs service account tokens. */
export type VerificationKey = Exclude<Awaited<ReturnType<typeof importJWK>>, Uint8Array>;

/** The keys with which the cluster's API server signs service account tokens. */
export interface ClusterKeys {
  /** The key of that id; undefined when the cluster publishes none, or when its keys cannot be had now. */
  find(keyId: string, signal: AbortSignal): Promise<VerificationKey | undefined>;
}

/** What {@link createClusterKeys} needs. */
export interface ClusterKeysOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Reads the JWKS (JSON) from the API server, for example `/openid/v1/jwks`. */
  readonly fetchJwks: (signal: AbortSignal) => Promise<unknown>;
  /** Keys older than this are not used: a key that the cluster withdrew stops counting. Default 5 minutes. */
  readonly maxAgeMs?: number;
  /** The shortest time between two reads, whatever key ids are asked for. Default 10 s. */
  readonly minIntervalMs?: number;
}

const FETCH_TIMEOUT_MS = 5_000;

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(100) });

/** Published keys, read when first asked for, when old, and (at most every `minIntervalMs`) when a key id is unknown. */
export function createClusterKeys(options: ClusterKeysOptions): ClusterKeys {
  const { clock, log, fetchJwks, maxAgeMs = 5 * 60_000, minIntervalMs = 10_000 } = options;
  const flight = createSingleFlight<void>();
  let keys: ReadonlyMap<string, VerificationKey> = new Map();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let triedAtMs = Number.NEGATIVE_INFINITY;

  const fresh = () => clock.monotonic() - readAtMs < maxAgeMs;
  // The read belongs to nobody's request: a caller that gives up must not end it for the others.
  const read = () =>
    flight.run('jwks', async () => {
      if (clock.monotonic() - triedAtMs < minIntervalMs) return;
      triedAtMs = clock.monotonic();
      try {
        keys = await importKeys(await fetchJwks(AbortSignal.timeout(FETCH_TIMEOUT_MS)));
        readAtMs = clock.monotonic();
      } catch (error) {
        log.warn('Cluster keys cannot be read, identities are not shared', { error: errorText(error) });
      }
    });

  return {
    async find(keyId, signal) {
      if (!fresh() || !keys.has(keyId)) await read();
      signal.throwIfAborted();
      return fresh() ? keys.get(keyId) : undefined;
    },
  };
}

async function importKeys(jwks: unknown): Promise<ReadonlyMap<string, VerificationKey>> {
  const parsed = jwksSchema.safeParse(jwks);
  if (!parsed.success) throw new KeyferryError('failed-precondition', 'the API server did not answer with a JWKS');
  const keys = new Map<string, VerificationKey>();
  for (const { kid, kty, n, e } of parsed.data.keys) {
    // RSA only, and only its public members: a symmetric key in a public document would let anybody sign. The first of
    // two keys with one id stays.
    if (kty !== 'RSA' || kid === undefined || keys.has(kid) || typeof n !== 'string' || typeof e !== 'string') continue;
    const key = await importJWK({ kty, n, e }, 'RS256');
    if (!(key instanceof Uint8Array)) keys.set(kid, key);
  }
  return keys;
}
