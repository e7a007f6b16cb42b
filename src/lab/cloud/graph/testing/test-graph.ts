import { silentLog } from '#base';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../../../base/testing/index.ts';
import type { Directory } from '../../directory.ts';
import {
  bearer,
  createFakeAudit,
  createFakeDirectory,
  createFakeTokens,
  type FakeToken,
} from '../../rest/testing/index.ts';
import { createGraph } from '../index.ts';

/** What Graph answered; an empty body is an empty object. */
export interface GraphAnswer {
  readonly status: number;
  readonly body: GraphBody;
}

/** The parts of answers that tests look at. */
export type GraphBody = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly appId: string;
  readonly value: readonly Readonly<Record<string, unknown>>[];
  readonly error: { readonly code: string; readonly message: string };
};

/** A Graph for a test, signed in as the lab's user unless told otherwise. */
export interface TestGraph {
  readonly clock: FakeClock;
  readonly directory: Directory;
  send(method: string, path: string, body?: unknown, more?: SendOptions): Promise<GraphAnswer>;
}

/** How a request differs from the usual. */
export interface SendOptions {
  readonly token?: Partial<FakeToken>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A Graph over an empty directory. */
export function createTestGraph(): TestGraph {
  const clock = createFakeClock();
  const directory = createFakeDirectory();
  const graph = createGraph({
    clock,
    directory,
    random: createFakeRandom(),
    log: silentLog,
    tokens: createFakeTokens(),
    audit: createFakeAudit(),
  });
  return {
    clock,
    directory,
    send: async (method, path, body, { token, headers } = {}) => {
      const response = await graph.fetch(
        new Request(`https://graph.microsoft.com/v1.0${path}`, {
          method,
          headers: { authorization: bearer({ aud: 'https://graph.microsoft.com', ...token }), ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      );
      const text = await response.text();
      return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as GraphBody };
    },
  };
}
