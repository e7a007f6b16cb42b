import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { KeyferryError } from '#base';
import type { AuditRecord } from '#lab/cloud';
import type { LabEndpoint } from './state-folder.ts';
import type { LabStatus } from './status.ts';

const ANSWER_WITHIN_MS = 10_000;

/** Asks a running lab. All calls throw `unavailable` when none answers. */
export interface ControlClient {
  status(): Promise<LabStatus>;
  /** The audit records so far and, with `follow`, those to come until the lab ends or the signal aborts. */
  audit(options: { readonly follow: boolean; readonly signal?: AbortSignal }): AsyncIterable<AuditRecord>;
  stop(): Promise<void>;
}

/** A client of the lab at `endpoint`; it goes straight to loopback, past any proxy. */
export function createControlClient(endpoint: LabEndpoint): ControlClient {
  const ask = (method: string, path: string, timeoutMs: number, signal?: AbortSignal) =>
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
            response.resume();
            reject(new KeyferryError('unavailable', `the lab answered ${response.statusCode} to ${method} ${path}`));
          }
        },
      );
      request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', (cause) => reject(new KeyferryError('unavailable', 'the lab does not answer', { cause })));
      request.end();
    });
  return {
    status: async () => JSON.parse(await text(await ask('GET', '/lab/status', ANSWER_WITHIN_MS))) as LabStatus,
    async *audit({ follow, signal }) {
      const response = await ask('GET', `/lab/audit?follow=${follow}`, follow ? 0 : ANSWER_WITHIN_MS, signal);
      try {
        for await (const line of createInterface({ input: response })) yield JSON.parse(line) as AuditRecord;
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    },
    stop: async () => {
      (await ask('POST', '/lab/stop', ANSWER_WITHIN_MS)).resume();
    },
  };
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
