import { describe, expect, it } from 'vitest';
import { KeyferryError, Secret } from '#base';
import { findCloud, type AzureClients, type Cloud } from '#azure';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../base/testing/index.ts';
import { createFakeAzure } from '../testing/index.ts';
import type { FetchReport, RequestFacts, Wait } from './fetch-report.ts';
import { createServiceGate } from './service-gate.ts';
import { createSession, type FetchCall } from './session.ts';
import type { ObjectRef } from './vault-object.ts';

const VAULT = 'https://kv.vault.azure.net';
const AUTHORITY = 'https://login.microsoftonline.com';
const PUBLIC = findCloud('AzurePublicCloud') as Cloud;
/** A cloud whose vaults have to say themselves whose tokens they want. */
const CUSTOM: Cloud = { ...PUBLIC, vaultResource: undefined };

const secret = (name: string): ObjectRef => ({ type: 'secret', name, version: undefined });

interface Told {
  readonly report: FetchReport;
  readonly lines: string[];
  readonly facts: RequestFacts[];
  look: (() => Wait | undefined) | undefined;
}

/** A mount's report that writes down what it is told. */
function createTold(): Told {
  const told: Told = {
    lines: [],
    facts: [],
    look: undefined,
    report: {
      token: (how, request) => {
        told.lines.push(`token ${how} ${request.correlationId ?? '-'}`);
        told.facts.push(request);
      },
      object: (key, how, request) => {
        told.lines.push(`${key} ${how} ${request.correlationId ?? '-'}`);
        told.facts.push(request);
      },
      waits: (look) => {
        told.look = look;
        return () => {
          told.look = undefined;
        };
      },
    },
  };
  return told;
}

function setUp(
  cloud: Cloud = PUBLIC,
  options: { maxObjects?: number; azure?: (clock: FakeClock) => AzureClients } = {},
) {
  const clock = createFakeClock();
  const azure = createFakeAzure(clock);
  const events: string[] = [];
  const session = createSession({
    clock,
    azure: options.azure?.(clock) ?? azure.clients,
    gate: createServiceGate({ clock, random: createFakeRandom() }),
    events: {
      answered: (what, how) => void events.push(`${what} ${how}`),
      unshared: () => undefined,
      paused: () => undefined,
    },
    cloud,
    tenantId: 'tenant',
    identity: { mode: 'service-principal', clientId: 'client', clientSecret: new Secret('secret') },
    maxObjects: options.maxObjects ?? 100,
  });
  const call = (report?: FetchReport): FetchCall => ({
    signal: new AbortController().signal,
    deadlineMs: clock.monotonic() + 60_000,
    report,
  });
  const fetch = (name: string, report?: FetchReport) => session.fetch(VAULT, secret(name), call(report));
  return { clock, azure, events, session, call, fetch };
}

/** Lets go when told; what waits on it stands still until then. */
function createBarrier() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('what was had, and how', () => {
  it('is told of the first read: a request for the token, one for the object, with their ids and times', async () => {
    const { clock, azure, events, fetch } = setUp();
    azure.onExchange = async () => clock.advance(70);
    azure.onRead = async () => clock.advance(30);
    const startMs = clock.now();
    const told = createTold();
    await fetch('one', told.report);
    expect(told.lines).toContain('secret/one/ fetched read-1');
    expect(told.facts.find(({ correlationId }) => correlationId === 'exchange-1')).toMatchObject({
      askedAtMs: startMs,
      tookMs: 70,
    });
    expect(told.facts.find(({ correlationId }) => correlationId === 'read-1')).toMatchObject({
      askedAtMs: startMs + 70,
      tookMs: 30,
    });
    // The vault's client takes the kept token for its request.
    expect(events).toEqual(['object fetched', 'token fetched', 'token kept']);
  });

  it('is told of a kept object with the facts of the requests that were made for it', async () => {
    const { azure, events, fetch } = setUp();
    await fetch('one');
    events.length = 0;
    const told = createTold();
    await fetch('one', told.report);
    expect(told.lines).toEqual(['token kept exchange-1', 'secret/one/ kept read-1']);
    expect(events).toEqual(['object kept']);
    expect(azure.reads).toHaveLength(1);
  });

  it('is told of a read that ran already, and of the token that it used', async () => {
    const { azure, events, fetch } = setUp();
    const barrier = createBarrier();
    azure.onRead = () => barrier.opened;
    const first = fetch('one');
    while (azure.reads.length === 0) await Promise.resolve();
    events.length = 0;
    const told = createTold();
    const second = fetch('one', told.report);
    barrier.open();
    expect(await second).toEqual(await first);
    expect(told.lines).toEqual(['token shared exchange-1', 'secret/one/ shared read-1']);
    expect(events).toEqual(['object shared']);
  });

  it('is told of an exchange that two objects share', async () => {
    const { azure, events, fetch } = setUp();
    const told = createTold();
    await Promise.all([fetch('one'), fetch('two', told.report)]);
    expect(azure.exchanges).toHaveLength(1);
    expect(told.lines.some((line) => line.startsWith('token shared'))).toBe(true);
    expect(events.filter((event) => event.startsWith('token f') || event.startsWith('token s'))).toEqual([
      'token fetched',
      'token shared',
    ]);
  });

  it('is told of a read that failed, and of no object where there was no token', async () => {
    const { azure, fetch } = setUp();
    const told = createTold();
    await expect(fetch('missing', told.report)).rejects.toThrow('SecretNotFound');
    expect(told.lines.at(-1)).toBe('secret/missing/ fetched read-1');

    const refused = setUp();
    refused.azure.onExchange = () => Promise.reject(new KeyferryError('unauthenticated', 'AADSTS7000215'));
    const toldOfRefusal = createTold();
    await expect(refused.fetch('one', toldOfRefusal.report)).rejects.toThrow('AADSTS7000215');
    expect(toldOfRefusal.lines.filter((line) => line.includes('secret/'))).toEqual([]);
    expect(azure.exchanges).toHaveLength(1);
    expect(refused.azure.reads).toEqual([]);
  });
});

describe('a vault of a cloud that does not say whose tokens it wants', () => {
  it('is asked once, by the first of those who read at once; later ones keep its word', async () => {
    const { azure, events, fetch } = setUp(CUSTOM);
    await Promise.all([fetch('one'), fetch('two')]);
    await fetch('three');
    expect(azure.challenges).toEqual(['kv.vault.azure.net']);
    expect(events.filter((event) => event.startsWith('challenge'))).toEqual([
      'challenge fetched',
      'challenge shared',
      'challenge kept',
    ]);
  });

  it('has kept objects told with the exchange that its word led to', async () => {
    const { fetch } = setUp(CUSTOM);
    await fetch('one');
    const told = createTold();
    await fetch('one', told.report);
    expect(told.lines).toEqual(['token kept exchange-1', 'secret/one/ kept read-1']);
  });
});

describe('a mount that waits', () => {
  it('can be asked at any moment for what, and on whom', async () => {
    const { clock, azure, fetch } = setUp();
    const exchange = createBarrier();
    const read = createBarrier();
    azure.onExchange = () => exchange.opened;
    azure.onRead = () => read.opened;
    const told = createTold();
    const startMs = clock.monotonic();
    const fetching = fetch('one', told.report);
    while (azure.exchanges.length === 0) await Promise.resolve();
    expect(told.look?.()).toMatchObject({ what: 'token', service: AUTHORITY, sinceMs: startMs });
    await clock.advance(500);
    exchange.open();
    while (azure.reads.length === 0) await Promise.resolve();
    const wait = told.look?.();
    expect(wait).toMatchObject({ what: 'object', service: VAULT, sinceMs: startMs + 500 });
    expect(wait?.trouble()).toBeUndefined();
    read.open();
    await fetching;
    expect(told.look).toBeUndefined();
  });

  it('waits for nothing where the object is kept', async () => {
    const { fetch } = setUp();
    await fetch('one');
    const told = createTold();
    const waits = { began: 0 };
    await fetch('one', {
      ...told.report,
      waits: (look) => {
        waits.began += 1;
        return told.report.waits(look);
      },
    });
    expect(waits.began).toBe(0);
  });
});

describe('what a session holds', () => {
  it('is read again, and proved again, once it was dropped', async () => {
    const { azure, session, fetch } = setUp();
    expect(session.hasRead).toBe(false);
    await fetch('one');
    expect(session.hasRead).toBe(true);
    session.drop();
    await fetch('one');
    expect(azure.exchanges).toHaveLength(2);
    expect(azure.reads).toHaveLength(2);
  });

  it('has no token beyond its time', async () => {
    const { clock, azure, fetch } = setUp();
    azure.tokenLifetimeMs = 1000;
    await fetch('one');
    await clock.advance(999);
    await fetch('two');
    expect(azure.exchanges).toHaveLength(1);
    await clock.advance(1);
    await fetch('three');
    expect(azure.exchanges).toHaveLength(2);
  });

  it('is so many objects at most, those that were used last', async () => {
    const { azure, fetch } = setUp(PUBLIC, { maxObjects: 2 });
    for (const name of ['one', 'two', 'one', 'three']) await fetch(name);
    azure.reads.length = 0;
    await fetch('one');
    expect(azure.reads).toEqual([]);
    await fetch('two');
    expect(azure.reads).toHaveLength(1);
  });

  it.each(['secret', 'key', 'cert'] as const)('is an object of the type that was asked for: %s', async (type) => {
    const { session, call } = setUp();
    const fetched = await session.fetch(VAULT, { type, name: 'one', version: 'v7' }, call());
    expect(fetched).toMatchObject({ type, version: 'v7' });
  });
});

it('asks anew for a token when a vault wants more claims than the kept one has', async () => {
  const asked: (string | undefined)[] = [];
  const { session, call } = setUp(PUBLIC, {
    azure: (clock) => {
      const fake = createFakeAzure(clock);
      return {
        tokenSource: (cloud, credential) => {
          const source = fake.clients.tokenSource(cloud, credential);
          return {
            ...source,
            token: (scope, options) => {
              asked.push(options.claims);
              return source.token(scope, options);
            },
          };
        },
        vaultReader: (options) => ({
          ...fake.clients.vaultReader(options),
          getCertificate: async (_name, _version, { signal }) => {
            await options.tokens.token('https://vault.azure.net/.default', { signal });
            await options.tokens.token('https://vault.azure.net/.default', { signal, claims: '{"access_token":{}}' });
            return { version: 'v1', der: new Uint8Array() };
          },
        }),
      };
    },
  });
  await session.fetch(VAULT, { type: 'cert', name: 'one', version: undefined }, call());
  expect(asked).toEqual([undefined, '{"access_token":{}}']);
});
