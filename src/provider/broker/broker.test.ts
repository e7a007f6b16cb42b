import { generateKeyPairSync, createHmac, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { KeyferryError, Secret, silentLog } from '#base';
import { findCloud } from '#azure';
import { createFakeClock } from '../../base/testing/index.ts';
import { createBrokerSetup, createTestIssuer, type TestIssuer } from '../testing/index.ts';
import type { BrokerOptions } from './broker.ts';
import { silentEvents } from './events.ts';
import { createClusterKeys } from './cluster-keys.ts';
import type { NoProofReason, Caller } from './proof.ts';

const VAULT = 'https://kv.vault.azure.net';
const WINDOW_MS = 30_000;
const cloud = findCloud('AzurePublicCloud');
if (cloud === undefined) throw new Error('no public cloud');

const clock0 = createFakeClock();
let issuer: TestIssuer;
let stranger: TestIssuer;

beforeAll(async () => {
  issuer = await createTestIssuer(clock0);
  stranger = await createTestIssuer(clock0, 'https://issuer.test/', 'key-1');
});

function setUp(options: Partial<BrokerOptions> = {}) {
  const { clock, azure, broker, reasons } = createBrokerSetup(issuer, options);
  const signal = new AbortController().signal;
  const call = () => ({ signal, deadlineMs: clock.monotonic() + 60_000 });
  const read = async (caller: Caller, name = 'one', version?: string) => {
    const admission = await broker.admit(caller, { signal });
    const fetched = await admission.fetch(VAULT, { type: 'secret', name, version }, call());
    if (fetched.type !== 'secret') throw new Error(`not a secret: ${fetched.type}`);
    return fetched.value.expose();
  };
  return { clock, azure, broker, reasons, read, signal, call };
}

interface CallerOptions {
  readonly token: string;
  readonly namespace?: string;
  readonly serviceAccountName?: string;
  readonly clientId?: string;
  readonly tenantId?: string;
}

function caller(options: CallerOptions): Caller {
  const {
    token,
    namespace = 'team',
    serviceAccountName = 'reader',
    clientId = 'client',
    tenantId = 'tenant',
  } = options;
  return {
    cloud: cloud as NonNullable<typeof cloud>,
    tenantId,
    identity: { mode: 'workload-identity', clientId, assertion: new Secret(token) },
    pod: { namespace, serviceAccountName },
  };
}

describe('callers with equal proofs', () => {
  it('make one exchange and one read per object, for 20 pods with two secrets', async () => {
    const { azure, read } = setUp();
    const pods = await Promise.all(Array.from({ length: 20 }, async () => caller({ token: await issuer.token() })));
    const values = await Promise.all(pods.flatMap((pod) => [read(pod, 'one'), read(pod, 'two')]));
    expect(new Set(values)).toEqual(
      new Set(['one', 'two'].map((name) => `${name} for system:serviceaccount:team:reader as client in tenant`)),
    );
    expect(azure.exchanges).toHaveLength(1);
    expect(azure.reads).toHaveLength(2);
  });

  it('are served without a request until the window since the exchange ends, and then prove themselves again', async () => {
    const { clock, azure, read } = setUp();
    const pod = caller({ token: await issuer.token() });
    await read(pod);
    await clock.advance(WINDOW_MS - 1);
    await read(pod);
    expect(azure.exchanges).toHaveLength(1);
    expect(azure.reads).toHaveLength(1);
    await clock.advance(1);
    await read(pod);
    expect(azure.exchanges).toHaveLength(2);
    expect(azure.reads).toHaveLength(2);
  });

  it('get no longer window from being asked again and again', async () => {
    const { clock, azure, read } = setUp();
    const pod = caller({ token: await issuer.token() });
    for (let second = 0; second < 60; second += 10) {
      await read(pod, `s${second}`);
      await clock.advance(10_000);
    }
    expect(azure.exchanges).toHaveLength(2);
  });

  it('are stopped within the window when the credential is revoked', async () => {
    const { clock, azure, read } = setUp();
    const pod = caller({ token: await issuer.token() });
    await read(pod);
    azure.onExchange = () => {
      throw new KeyferryError('unauthenticated', 'AADSTS700213: no matching record', { upstreamCode: 'AADSTS700213' });
    };
    await expect(read(pod)).resolves.toContain('one for');
    await clock.advance(WINDOW_MS);
    await expect(read(pod)).rejects.toThrow('AADSTS700213');
  });

  it('share a failure only while they wait together', async () => {
    let waiting = 0;
    const events = { ...silentEvents, answered: () => void (waiting += 1) };
    const { azure, read } = setUp({ events });
    azure.onExchange = async () => {
      // One request for the token and three for the object: then all three wait.
      await expect.poll(() => waiting, { interval: 1 }).toBe(4);
      throw new KeyferryError('unauthenticated', 'AADSTS700213: no matching record');
    };
    const pod = caller({ token: await issuer.token() });
    const together = await Promise.allSettled([read(pod), read(pod), read(pod)]);
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(azure.exchanges).toHaveLength(1);
    azure.onExchange = () => undefined;
    await expect(read(pod)).resolves.toContain('one for');
  });

  it('are judged by their own token after somebody else was refused', async () => {
    const { azure, read } = setUp();
    const first = await issuer.token();
    const second = await issuer.token({ expiresInSeconds: 7200 });
    azure.onExchange = () => {
      throw new KeyferryError('unauthenticated', 'AADSTS700213: no matching record');
    };
    await expect(read(caller({ token: first }))).rejects.toThrow('AADSTS700213');
    azure.onExchange = () => undefined;
    await read(caller({ token: second }));
    expect(azure.proofs).toEqual([first, second]);
  });

  it('get a new token when the kept one has expired within the window', async () => {
    const { clock, azure, read } = setUp();
    azure.tokenLifetimeMs = 10_000;
    const pod = caller({ token: await issuer.token() });
    await read(pod, 'one');
    await clock.advance(10_000);
    await read(pod, 'two');
    expect(azure.exchanges).toHaveLength(2);
  });

  it('prove themselves again also when no timer has run', async () => {
    const fake = createFakeClock();
    const clock = { ...fake, sleep: () => new Promise<never>(() => undefined) };
    const { azure, read } = setUp({ clock });
    const pod = caller({ token: await issuer.token() });
    await read(pod);
    await fake.advance(WINDOW_MS);
    await read(pod);
    expect(azure.exchanges).toHaveLength(2);
  });

  it('prove themselves each time when the window is 0', async () => {
    const { azure, read, reasons } = setUp({ freshnessWindowMs: 0 });
    const pod = caller({ token: await issuer.token() });
    await Promise.all([read(pod), read(pod)]);
    expect(azure.exchanges).toHaveLength(2);
    expect(azure.reads).toHaveLength(2);
    expect(reasons).toEqual(['sharing-off', 'sharing-off']);
  });

  it('read different versions apart', async () => {
    const { azure, read } = setUp();
    const pod = caller({ token: await issuer.token() });
    await read(pod, 'one');
    await read(pod, 'one', 'a1');
    await read(pod, 'one', 'a2');
    expect(azure.reads.map((line) => line.split(' ')[0])).toEqual([
      'kv.vault.azure.net/one@current',
      'kv.vault.azure.net/one@a1',
      'kv.vault.azure.net/one@a2',
    ]);
  });
});

describe('attempts to be served from the answers of team/reader', () => {
  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = () => ({
    iss: issuer.url,
    sub: 'system:serviceaccount:team:reader',
    aud: ['api://AzureADTokenExchange'],
    exp: Math.floor(clock0.now() / 1000) + 3600,
  });
  const unsigned = (header: object) => `${b64(header)}.${b64(claims())}.`;
  const hmacWith = (key: KeyObject) => {
    const input = `${b64({ alg: 'HS256', kid: 'key-1' })}.${b64(claims())}`;
    const pem = key.export({ type: 'spki', format: 'pem' });
    return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
  };
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

  /** Each case: what the intruder brings, and why it is no proof; `undefined`: a proof, of somebody else. */
  const cases: Record<string, { bring: () => Promise<CallerOptions>; reason: NoProofReason | undefined }> = {
    'a valid token of another namespace': {
      bring: async () => ({ token: await issuer.token({ namespace: 'other' }), namespace: 'other' }),
      reason: undefined,
    },
    'a valid token of another service account': {
      bring: async () => ({ token: await issuer.token({ serviceAccount: 'other' }), serviceAccountName: 'other' }),
      reason: undefined,
    },
    'a copied token of team/reader in a pod of another namespace': {
      bring: async () => ({ token: await issuer.token(), namespace: 'other' }),
      reason: 'other-subject',
    },
    'a copied token of team/reader in a pod with another service account': {
      bring: async () => ({ token: await issuer.token(), serviceAccountName: 'other' }),
      reason: 'other-subject',
    },
    'its own token in a pod that names the namespace of the victim': {
      bring: async () => ({ token: await issuer.token({ namespace: 'other' }), namespace: 'team' }),
      reason: 'other-subject',
    },
    'no service account named by kubelet': {
      bring: async () => ({ token: await issuer.token(), serviceAccountName: '' }),
      reason: 'other-subject',
    },
    'a namespace that swallows the colon': {
      bring: async () => ({
        token: await issuer.token({ namespace: 'team:reader', serviceAccount: 'x' }),
        namespace: 'team',
        serviceAccountName: 'reader:x',
      }),
      reason: undefined,
    },
    'another audience': {
      bring: async () => ({ token: await issuer.token({ audience: 'api://AKSIdentityBinding' }) }),
      reason: 'not-verified',
    },
    'one audience more': {
      bring: async () => ({ token: await issuer.token({ audience: ['api://AzureADTokenExchange', 'vault'] }) }),
      reason: undefined,
    },
    'an expired token': {
      bring: async () => ({ token: await issuer.token({ expiresInSeconds: 0 }) }),
      reason: 'not-verified',
    },
    'a token of tomorrow': {
      bring: async () => ({ token: await issuer.token({ notBeforeInSeconds: 60 }) }),
      reason: 'not-verified',
    },
    'a token signed by a stranger under the key id of the cluster': {
      bring: async () => ({ token: await stranger.token() }),
      reason: 'not-verified',
    },
    'a token signed by a stranger under a key id of its own': {
      bring: async () => ({ token: await stranger.token({ keyId: 'key-2' }) }),
      reason: 'unknown-key',
    },
    'a token of the cluster for another issuer': {
      bring: async () => ({ token: await issuer.token({ issuer: 'https://issuer.test' }) }),
      reason: undefined,
    },
    'a token with altered claims': {
      bring: async () => {
        const [header, , signature] = (await issuer.token({ namespace: 'other' })).split('.');
        return { token: `${header}.${b64(claims())}.${signature}` };
      },
      reason: 'not-verified',
    },
    'alg none': { bring: async () => ({ token: unsigned({ alg: 'none', kid: 'key-1' }) }), reason: 'not-rs256' },
    'RS256 without a signature': {
      bring: async () => ({ token: unsigned({ alg: 'RS256', kid: 'key-1' }) }),
      reason: 'not-verified',
    },
    'HS256 with a public key as the secret': {
      bring: async () => ({ token: hmacWith(publicKey) }),
      reason: 'not-rs256',
    },
    'a critical header that is not understood': {
      bring: async () => ({ token: unsigned({ alg: 'RS256', kid: 'key-1', crit: ['x'], x: 1 }) }),
      reason: 'not-verified',
    },
    'no key id': { bring: async () => ({ token: unsigned({ alg: 'RS256' }) }), reason: 'unknown-key' },
    'another client id': {
      bring: async () => ({ token: await issuer.token(), clientId: 'other' }),
      reason: undefined,
    },
    'another tenant': { bring: async () => ({ token: await issuer.token(), tenantId: 'other' }), reason: undefined },
  };

  it.each(Object.entries(cases))('%s makes an exchange of its own', async (_name, { bring, reason }) => {
    const { azure, read, reasons } = setUp();
    await read(caller({ token: await issuer.token() }));
    expect(azure.exchanges).toHaveLength(1);

    const options = await bring();
    await read(caller(options));
    expect(azure.exchanges).toHaveLength(2);
    expect(azure.reads).toHaveLength(2);
    expect(reasons).toEqual(reason === undefined ? [] : [reason]);

    // And what the intruder was given serves nobody else.
    await read(caller({ token: await issuer.token() }));
    expect(azure.exchanges).toHaveLength(2);
  });

  it('ids that would run together in a key keep apart', async () => {
    const { azure, read } = setUp();
    await read(caller({ token: await issuer.token(), tenantId: 'a","b', clientId: 'c' }));
    await read(caller({ token: await issuer.token(), tenantId: 'a', clientId: 'b","c' }));
    expect(azure.exchanges).toHaveLength(2);
  });

  it('a token that is not one is judged by Entra ID alone', async () => {
    const { azure, reasons, broker, signal } = setUp();
    await broker.admit(caller({ token: 'not a token' }), { signal });
    expect(reasons).toEqual(['malformed']);
    expect(azure.exchanges).toEqual([]);
  });

  it('two callers without a proof do not share, even at the same time', async () => {
    const { azure, read } = setUp({ clusterKeys: undefined });
    await Promise.all([read(caller({ token: await issuer.token() })), read(caller({ token: await issuer.token() }))]);
    expect(azure.exchanges).toHaveLength(2);
  });

  it('nothing is shared while the keys of the cluster cannot be read', async () => {
    const clock = createFakeClock();
    const fetchJwks = () => Promise.reject(new Error('connection refused'));
    const { azure, read, reasons } = setUp({
      clock,
      clusterKeys: createClusterKeys({ clock, log: silentLog, fetchJwks }),
    });
    await read(caller({ token: await issuer.token() }));
    await read(caller({ token: await issuer.token() }));
    expect(azure.exchanges).toHaveLength(2);
    expect(reasons).toEqual(['unknown-key', 'unknown-key']);
  });
});

describe('a service principal', () => {
  const principal = (clientSecret: string): Caller => ({
    cloud: cloud as NonNullable<typeof cloud>,
    tenantId: 'tenant',
    identity: { mode: 'service-principal', clientId: 'client', clientSecret: new Secret(clientSecret) },
    pod: { namespace: 'team', serviceAccountName: 'reader' },
  });

  it('shares with callers that have the same secret only', async () => {
    const { azure, read } = setUp();
    await read(principal('right'));
    await read(principal('right'));
    expect(azure.exchanges).toHaveLength(1);
    await read(principal('wrong'));
    expect(azure.exchanges).toHaveLength(2);
  });
});

describe('what is kept', () => {
  it('is bounded by identities: the one used least recently goes first', async () => {
    const { azure, read } = setUp({ maxSessions: 2 });
    const pod = async (name: string) =>
      caller({ token: await issuer.token({ serviceAccount: name }), serviceAccountName: name });
    await read(await pod('a'));
    await read(await pod('b'));
    await read(await pod('a'));
    await read(await pod('c'));
    await read(await pod('a'));
    expect(azure.exchanges).toHaveLength(3);
    await read(await pod('b'));
    expect(azure.exchanges).toHaveLength(4);
  });

  it('is gone when the window ends, without anybody asking', async () => {
    const { clock, broker, read } = setUp();
    await read(caller({ token: await issuer.token() }));
    await clock.advance(WINDOW_MS - 1);
    expect(broker.size).toBe(1);
    await clock.advance(1);
    expect(broker.size).toBe(0);
  });

  it('is bounded by objects', async () => {
    const { azure, read } = setUp({ maxObjects: 2 });
    const pod = caller({ token: await issuer.token() });
    for (const name of ['a', 'b', 'c', 'a']) await read(pod, name);
    expect(azure.reads).toHaveLength(4);
    expect(azure.exchanges).toHaveLength(1);
  });

  it('leaves the clock when the broker is disposed', async () => {
    const { clock, broker, read } = setUp();
    await read(caller({ token: await issuer.token() }));
    await clock.sleepers(1);
    await broker[Symbol.asyncDispose]();
    expect(await Promise.race([clock.sleepers(1).then(() => 'waiting'), Promise.resolve().then(() => 'none')])).toBe(
      'none',
    );
  });
});

describe('a caller that gives up', () => {
  it('leaves the request to those who still wait', async () => {
    const { azure, broker, call } = setUp();
    let answer: () => void = () => undefined;
    azure.onRead = (_what, signal) =>
      new Promise<void>((resolve, reject) => {
        answer = resolve;
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const pod = caller({ token: await issuer.token() });
    const first = new AbortController();
    const admission = await broker.admit(pod, { signal: first.signal });
    const object = { type: 'secret', name: 'one', version: undefined } as const;
    const gone = admission.fetch(VAULT, object, { ...call(), signal: first.signal });
    const stays = admission.fetch(VAULT, object, call());
    const refused = expect(gone).rejects.toThrow('pod is gone');
    await expect.poll(() => azure.reads.length).toBe(1);
    first.abort(new Error('pod is gone'));
    await refused;
    answer();
    await expect(stays).resolves.toMatchObject({ version: 'v1' });
    expect(azure.reads).toHaveLength(1);
  });

  it('ends the request when it was the last', async () => {
    const { azure, broker, call } = setUp();
    let seen: AbortSignal | undefined;
    azure.onRead = (_what, signal) =>
      new Promise<void>((_resolve, reject) => {
        seen = signal;
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const controller = new AbortController();
    const admission = await broker.admit(caller({ token: await issuer.token() }), { signal: controller.signal });
    const object = { type: 'secret', name: 'one', version: undefined } as const;
    const gone = admission.fetch(VAULT, object, { ...call(), signal: controller.signal });
    const refused = expect(gone).rejects.toThrow('pod is gone');
    await expect.poll(() => seen).toBeDefined();
    controller.abort(new Error('pod is gone'));
    await refused;
    expect(seen?.aborted).toBe(true);
  });
});
