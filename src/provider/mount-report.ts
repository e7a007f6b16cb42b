import { decodeJwt } from 'jose';
import type { LogFields, Secret } from '#base';
import type { FetchReport, HowHad, RequestFacts } from './broker/fetch-report.ts';

/** Claims and names in a log line are cut here; a class's author chose some of them. */
const MAX_TEXT = 256;
/** A line names so many objects, and counts the rest. */
const MAX_OBJECTS = 100;

/** Collects how one mount got what it has, for its log line. */
export interface MountReport extends FetchReport {
  /** The fields `token` and `objects` (and `moreObjects`) of the line; `outcomes` are one an object, in the order of the class. */
  fields(outcomes: readonly ObjectOutcome[]): LogFields;
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
  return {
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
 * What a service account token claims, for a log line: issuer, subject, audiences and times, never the token. Nothing of
 * it is checked here. Undefined for what is no token.
 */
export function describeAssertion(token: Secret<string>): LogFields | undefined {
  try {
    const { iss, sub, aud, iat, exp } = decodeJwt(token.expose());
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
