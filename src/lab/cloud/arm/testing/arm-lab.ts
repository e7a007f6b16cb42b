import { silentLog } from '#base';
import { createMemoryStore, type Store } from '#lab/store';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../../../base/testing/index.ts';
import type { Directory } from '../../directory.ts';
import {
  bearer,
  createFakeAudit,
  createFakeClusters,
  createFakeDirectory,
  createFakeTokens,
  SUBSCRIPTION_ID,
  type FakeAudit,
  type FakeClusters,
} from '../../rest/testing/index.ts';
import { createArm, type ArmService } from '../index.ts';

/** The path of the subscription of {@link createArmLab}. */
export const SUBSCRIPTION = `/subscriptions/${SUBSCRIPTION_ID}`;

/** An answer of ARM, read. */
export interface ArmAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON: tests look into it freely. */
  readonly body: JsonBody;
}

/** JSON that tests look into without a schema. */
export type JsonBody = { readonly [key: string]: JsonBody };

/** Who sends a request: a service principal or an identity. */
export interface Caller {
  readonly oid: string;
  readonly appid: string;
}

/** An ARM with fakes around it. */
export interface ArmLab {
  readonly arm: ArmService;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly directory: Directory;
  readonly clusters: FakeClusters;
  readonly audit: FakeAudit;
  /** The last request that was sent. */
  lastRequest(): Request;
  /** Sends a request with the user's token, or that of `as`; a path without `api-version` gets one. */
  send(
    method: string,
    path: string,
    body?: unknown,
    as?: Caller,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ArmAnswer>;
  /** Another ARM on the same store, as after a restart. */
  restarted(): ArmLab;
}

/** An ARM without resources, or on what an earlier one stored. */
export function createArmLab(store = createMemoryStore(), directory = createFakeDirectory(), seed = 'arm'): ArmLab {
  const clock = createFakeClock();
  const clusters = createFakeClusters();
  const audit = createFakeAudit();
  const arm = createArm({
    store,
    clock,
    random: createFakeRandom(seed),
    log: silentLog,
    directory,
    tokens: createFakeTokens(),
    audit,
    clusters,
  });
  let lastRequest: Request | undefined;
  return {
    arm,
    store,
    clock,
    directory,
    clusters,
    audit,
    lastRequest: () => lastRequest as Request,
    restarted: () => createArmLab(store, directory, `${seed}+`),
    async send(method, path, body, as, headers = {}) {
      const version = path.includes('api-version') ? '' : `${path.includes('?') ? '&' : '?'}api-version=2024-01-01`;
      lastRequest = new Request(`https://management.azure.com${path}${version}`, {
        method,
        headers: {
          authorization: bearer({
            aud: 'https://management.azure.com/',
            ...(as === undefined ? {} : { ...as, user: false }),
          }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const response = await arm.fetch(lastRequest);
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: (text === '' ? undefined : JSON.parse(text)) as JsonBody,
      };
    },
  };
}
