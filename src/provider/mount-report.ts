import { decodeJwt, type JWTPayload } from 'jose';
import type { LogFields, Secret } from '#base';
import type { FetchReport, HowHad, RequestFacts, Wait } from './broker/fetch-report.ts';

/** Claims and names in a log line are cut here; a class's author chose some of them. */
const MAX_TEXT = 256;
/** A line names so many objects, and counts the rest. */
const MAX_OBJECTS = 100;

/** Collects how one mount got what it has, for its log line. */
export interface MountReport extends FetchReport {
  /** The fields `token` and `objects` (and `moreObjects`) of the line; `outcomes` are one an object, in the order of the class. */
  fields(outcomes: readonly ObjectOutcome[]): LogFields;
  /** What the mount waits for just now, and for how long: `a token from https://… for 16 s`; undefined: for nobody. */
  waiting(nowMs: number): string | undefined;
}

/** What became of one object. */
export interface ObjectOutcome {
  /** As objectKey gives it. */
  readonly key: string;
  /** For example `secret/one`. */
  readonly id: string;
  /** The version that was read; undefined when it failed. */
  readonly version?: string | undefined;
  /** Azure's code, or ours, when it failed. */
  readonly failed?: string | undefined;
  /** What a person can do about the failure, where that is known. */
  readonly hint?: string | undefined;
}

const RANK: Readonly<Record<HowHad, number>> = { kept: 0, shared: 1, fetched: 2 };

interface Had {
  readonly how: HowHad;
  readonly request: RequestFacts;
}

/** A report of a mount that has asked for nothing yet. */
export function createMountReport(): MountReport {
  let token: Had | undefined;
  const objects = new Map<string, Had>();
  const waits = new Set<() => Wait | undefined>();
  return {
    waits(look) {
      waits.add(look);
      return () => waits.delete(look);
    },
    waiting: (nowMs) =>
      describeWaits(
        [...waits].map((look) => look()).filter((wait) => wait !== undefined),
        nowMs,
      ),
    // Each object of a mount asks for the token: the one that had to fetch it tells most.
    token: (how, request) => {
      if (token === undefined || RANK[how] >= RANK[token.how]) token = { how, request };
    },
    object: (key, how, request) => objects.set(key, { how, request }),
    fields: (outcomes) => ({
      ...(token === undefined ? {} : { token: describe(token) }),
      objects: outcomes.slice(0, MAX_OBJECTS).map(({ key, id, version, failed, hint }) => {
        const had = objects.get(key);
        return {
          id,
          ...(version === undefined ? {} : { version }),
          ...(failed === undefined ? {} : { failed }),
          ...(hint === undefined ? {} : { hint }),
          ...(had === undefined ? {} : describe(had)),
        };
      }),
      ...(outcomes.length > MAX_OBJECTS ? { moreObjects: outcomes.length - MAX_OBJECTS } : {}),
    }),
  };
}

const WHAT = { token: 'a token from', challenge: 'the challenge of', object: 'an object of' } as const;

/** The waits in words, the longest first, those that are alike once. */
function describeWaits(waits: readonly Wait[], nowMs: number): string | undefined {
  const texts = waits
    .toSorted((a, b) => a.sinceMs - b.sinceMs)
    .map(({ what, service, sinceMs, trouble }) => {
      const said = trouble();
      const why = said === undefined ? '' : ` (it said: ${said.slice(0, MAX_TEXT)})`;
      return [
        `${what} ${service}`,
        `${WHAT[what]} ${service} for ${Math.round((nowMs - sinceMs) / 1000)} s${why}`,
      ] as const;
    });
  const [first, ...more] = [...new Map(texts.toReversed()).values()].toReversed();
  return first === undefined ? undefined : [first, ...more.slice(0, 2)].join(' and ');
}

function describe({ how, request }: Had): LogFields {
  const { askedAtMs, tookMs, correlationId } = request;
  return {
    how,
    at: new Date(askedAtMs).toISOString(),
    ...(tookMs === undefined ? {} : { tookMs: Math.round(tookMs) }),
    ...(correlationId === undefined ? {} : { correlationId }),
  };
}

/**
 * What a service account token claims, for a log line: issuer, subject, audiences and times, never the token. `verified` are
 * the claims that were read when its signature was checked; without them the token is read here, unchecked. Undefined for what
 * is no token.
 */
export function describeAssertion(token: Secret<string>, verified: JWTPayload | undefined): LogFields | undefined {
  try {
    const { iss, sub, aud, iat, exp } = verified ?? decodeJwt(token.expose());
    return {
      issuer: cut(iss),
      subject: cut(sub),
      audience: cut([aud ?? []].flat().join(', ')),
      ...(iat === undefined ? {} : { issuedAt: time(iat) }),
      ...(exp === undefined ? {} : { expiresAt: time(exp) }),
    };
  } catch {
    return undefined;
  }
}

function cut(text: unknown): string {
  return typeof text === 'string' ? text.slice(0, MAX_TEXT) : '';
}

/** Throws a RangeError for times that no calendar has; a hostile token may hold any number. */
function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
