import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { ERROR_CODES, KeyferryError, type ErrorCode } from '#base';
import type { AuditRecord } from '#lab/cloud';
import type { Fault } from '#lab/faults';
import type { FaultRequest } from './fault-control.ts';
import type { LabEndpoint } from './state-folder.ts';
import type { LabStatus } from './status.ts';
import type { ClockAdvance, ClockReport } from './timekeeper.ts';
import type { Trace, TraceRequest } from './trace/index.ts';

const ANSWER_WITHIN_MS = 10_000;

const REFUSAL = z.object({
  error: z.string(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode]),
  hint: z.string().optional(),
});

/**
 * Asks a running lab. All calls throw `unavailable` when none answers, `deadline-exceeded` when one is there and does not
 * answer in time, and what the lab threw when it refuses.
 */
export interface ControlClient {
  status(): Promise<LabStatus>;
  /** The audit records so far and, with `follow`, those to come until the lab ends or the signal aborts. */
  audit(options: { readonly follow: boolean; readonly signal?: AbortSignal }): AsyncIterable<AuditRecord>;
  /** The way of a pod's secrets so far. Throws `not-found`, and `invalid-input` where several clusters have such a pod. */
  trace(request: TraceRequest): Promise<Trace>;
  /** The lab's time. */
  readonly clock: {
    show(): Promise<ClockReport>;
    /** Moves the lab's time on; answers when all that lives in it has followed. */
    advance(ms: number): Promise<ClockAdvance>;
  };
  /** What goes wrong on purpose, in this lab until it ends. */
  readonly faults: {
    /** Begins a fault. Throws `invalid-input`, and `not-found` for a host or a cluster that the lab does not have. */
    add(request: FaultRequest): Promise<Fault>;
    /** Oldest first, those that are over included. */
    list(): Promise<Fault[]>;
    /** Ends and forgets the faults with these ids, or all. Throws `not-found`, and then ends none. */
    clear(ids?: readonly string[]): Promise<Fault[]>;
  };
  stop(): Promise<void>;
}

/** A client of the lab at `endpoint`; it goes straight to loopback, past any proxy. */
export function createControlClient(
  endpoint: LabEndpoint,
  { answerWithinMs = ANSWER_WITHIN_MS }: { readonly answerWithinMs?: number } = {},
): ControlClient {
  const ask = (method: string, path: string, timeoutMs: number, signal?: AbortSignal, body?: unknown) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest(
        {
          host: '127.0.0.1',
          port: endpoint.port,
          method,
          path,
          headers: { authorization: `Bearer ${endpoint.token.expose()}` },
          ...(signal === undefined ? {} : { signal }),
        },
        (response) => {
          if (response.statusCode !== undefined && response.statusCode < 300) {
            resolve(response);
          } else {
            refusal(response, `${method} ${path}`).then(reject, reject);
          }
        },
      );
      request.setTimeout(timeoutMs, () =>
        request.destroy(
          new KeyferryError('deadline-exceeded', `the lab has not answered within ${timeoutMs / 1000} s`),
        ),
      );
      request.on('error', (cause) =>
        reject(
          cause instanceof KeyferryError
            ? cause
            : new KeyferryError('unavailable', 'the lab does not answer', { cause }),
        ),
      );
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    status: async () => JSON.parse(await text(await ask('GET', '/lab/status', answerWithinMs))) as LabStatus,
    async *audit({ follow, signal }) {
      const response = await ask('GET', `/lab/audit?follow=${follow}`, follow ? 0 : answerWithinMs, signal);
      try {
        for await (const line of createInterface({ input: response })) yield JSON.parse(line) as AuditRecord;
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    },
    trace: async ({ pod, namespace, cluster }) => {
      const query = new URLSearchParams({ pod, namespace, ...(cluster === undefined ? {} : { cluster }) });
      return JSON.parse(await text(await ask('GET', `/lab/trace?${query.toString()}`, answerWithinMs))) as Trace;
    },
    clock: {
      show: async () => JSON.parse(await text(await ask('GET', '/lab/clock', answerWithinMs))) as ClockReport,
      advance: async (ms) => {
        const answer = await ask('POST', `/lab/clock/advance?ms=${ms}`, answerWithinMs);
        return JSON.parse(await text(answer)) as ClockAdvance;
      },
    },
    faults: {
      add: async (request) => {
        const answer = await ask('POST', '/lab/faults', answerWithinMs, undefined, request);
        return JSON.parse(await text(answer)) as Fault;
      },
      list: async () => JSON.parse(await text(await ask('GET', '/lab/faults', answerWithinMs))) as Fault[],
      clear: async (ids = []) => {
        const query = new URLSearchParams(ids.map((id): [string, string] => ['id', id])).toString();
        return JSON.parse(await text(await ask('DELETE', `/lab/faults?${query}`, answerWithinMs))) as Fault[];
      },
    },
    stop: async () => {
      (await ask('POST', '/lab/stop', answerWithinMs)).resume();
    },
  };
}

/** What the lab threw, where its answer says so. */
async function refusal(response: IncomingMessage, what: string): Promise<KeyferryError> {
  try {
    const { error, code, hint } = REFUSAL.parse(JSON.parse(await text(response)));
    return new KeyferryError(code, error, hint === undefined ? {} : { hint });
  } catch {
    return new KeyferryError('unavailable', `the lab answered ${response.statusCode} to ${what}`);
  }
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
