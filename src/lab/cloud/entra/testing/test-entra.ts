import { silentLog } from '#base';
import { createLabClock } from '#lab/clock';
import type { Store } from '#lab/store';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../../../base/testing/index.ts';
import { createAuditLog } from '../../audit-log.ts';
import { openDirectory, type LabDirectory } from '../../directory-store.ts';
import { openEntra, type Entra } from '../entra.ts';

/** An Entra ID for a test, with its own tenant. */
export interface TestEntra {
  /** The machine's. */
  readonly clock: FakeClock;
  readonly directory: LabDirectory;
  readonly entra: Entra;
  readonly tenantId: string;
  get(path: string): Promise<Response>;
  /** A token request, to the v2.0 endpoint if no other is given; the body is the answer's. */
  token(form: Readonly<Record<string, string>>, endpoint?: 'oauth2/token' | 'oauth2/v2.0/token'): Promise<TokenAnswer>;
}

/** What the token endpoint answered. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** The AADSTS code of a failure. */
  readonly code: unknown;
}

/**
 * An Entra ID on `store`, which keeps the signing key between tests, `aheadMs` ahead of the machine's time; no external
 * issuer can be read.
 */
export function createTestEntra(store: Store, aheadMs = 0): TestEntra {
  const machine = createFakeClock();
  const clock = createLabClock({ machine, offsetMs: aheadMs });
  const random = createFakeRandom();
  const directory = openDirectory(store, random);
  const { tenantId } = directory.tenant;
  const entra = openEntra({
    store,
    clock,
    random,
    directory,
    log: silentLog,
    audit: createAuditLog({ clock }),
    fetchJson: (url) => Promise.reject(new Error(`nothing is served at ${url}`)),
  });
  const send = (path: string, init?: RequestInit) =>
    entra.service.fetch(new Request(`https://login.microsoftonline.com${path}`, init));
  return {
    clock: machine,
    directory,
    entra,
    tenantId,
    get: (path) => send(path),
    token: async (form, endpoint = 'oauth2/v2.0/token') => {
      const response = await send(`/${tenantId}/${endpoint}`, {
        method: 'POST',
        body: new URLSearchParams(form),
      });
      const body = (await response.json()) as Record<string, unknown>;
      return { status: response.status, body, code: (body['error_codes'] as unknown[] | undefined)?.[0] };
    },
  };
}
