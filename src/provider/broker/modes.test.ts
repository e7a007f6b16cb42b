import { beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { findCloud, type Cloud, type Identity } from '#azure';
import { createFakeClock } from '../../base/testing/index.ts';
import { createBrokerSetup, createTestIssuer, type TestIssuer } from '../testing/index.ts';
import type { Caller, NoProofReason } from './proof.ts';

// Who shares with whom, in each way to prove an identity: every pair of callers here is one that must not, or may.

const cloud = findCloud('AzurePublicCloud') as Cloud;
const { signal } = new AbortController();
const VAULT = 'https://kv.vault.azure.net';
const BINDING = 'api://AKSIdentityBinding';
const proxy = { url: 'https://proxy.test', serverName: 'a.ests.aks', caFile: '/ca.crt' };

let issuer: TestIssuer;
let stranger: TestIssuer;
let exchangeToken: string;
let bindingToken: string;
let otherBindingToken: string;
let forged: string;

beforeAll(async () => {
  const clock = createFakeClock();
  issuer = await createTestIssuer(clock);
  stranger = await createTestIssuer(clock);
  exchangeToken = await issuer.token();
  bindingToken = await issuer.token({ audience: BINDING });
  otherBindingToken = await issuer.token({ audience: BINDING, serviceAccount: 'other' });
  forged = await stranger.token({ audience: BINDING });
});

function setUp() {
  const { clock, azure, broker, reasons } = createBrokerSetup(issuer);
  const read = async (caller: Caller, freshSinceMs?: number) => {
    const admission = await broker.admit(caller, { signal, freshSinceMs });
    const call = { signal, deadlineMs: clock.monotonic() + 60_000 };
    const fetched = await admission.fetch(VAULT, { type: 'secret', name: 'one', version: undefined }, call);
    return fetched.type === 'secret' ? fetched.value.expose() : '';
  };
  return { clock, azure, broker, reasons, read };
}

const caller = (identity: Identity, changes: Partial<Caller> = {}): Caller => ({
  cloud,
  tenantId: 'tenant',
  identity,
  pod: { namespace: 'team', serviceAccountName: 'reader' },
  ...changes,
});

const binding = (assertion: string, changes: Partial<Extract<Identity, { mode: 'token-proxy' }>> = {}): Identity => ({
  mode: 'token-proxy',
  clientId: 'client',
  assertion: new Secret(assertion),
  proxy,
  ...changes,
});
const certificate = (text: string, password?: string): Identity => ({
  mode: 'client-certificate',
  clientId: 'client',
  certificate: new Secret(text),
  password: password === undefined ? undefined : new Secret(password),
});
const byClientId = (clientId: string): Identity => ({
  mode: 'managed-identity',
  assigned: { kind: 'client-id', clientId },
});
const byResourceId = (resourceId: string): Identity => ({
  mode: 'managed-identity',
  assigned: { kind: 'resource-id', resourceId },
});
const systemAssigned: Identity = { mode: 'managed-identity', assigned: undefined };
const pod = (namespace: string, name: string, uid = 'uid'): Identity => ({
  mode: 'pod-identity',
  pod: { namespace, name, uid },
});
const elsewhere = { pod: { namespace: 'other', serviceAccountName: 'other' } };

describe('callers that are the same share one token and one read', () => {
  it.each<[string, () => readonly [Caller, Caller]]>([
    [
      'identity binding, two tokens of one service account',
      () => [caller(binding(bindingToken)), caller(binding(bindingToken))],
    ],
    ['the same certificate and password', () => [caller(certificate('pem', 'p')), caller(certificate('pem', 'p'))]],
    [
      'the system-assigned identity, for pods of any namespace',
      () => [caller(systemAssigned), caller(systemAssigned, elsewhere)],
    ],
    ['the same user-assigned identity', () => [caller(byClientId('a')), caller(byClientId('a'), elsewhere)]],
    ['pod identity, two volumes of one pod', () => [caller(pod('team', 'web')), caller(pod('team', 'web'))]],
  ])('%s', async (_what, pair) => {
    const { azure, read, reasons } = setUp();
    const [first, second] = pair();
    expect(await read(second)).toBe(await read(first));
    expect(azure.exchanges).toHaveLength(1);
    expect(azure.reads).toHaveLength(1);
    expect(reasons).toEqual([]);
  });
});

describe('callers that differ ask with their own credential', () => {
  it.each<[string, () => readonly [Caller, Caller], NoProofReason?]>([
    [
      'identity binding of another service account',
      () => [
        caller(binding(bindingToken)),
        caller(binding(otherBindingToken), { pod: { namespace: 'team', serviceAccountName: 'other' } }),
      ],
    ],
    [
      'identity binding with a copied token',
      () => [
        caller(binding(bindingToken)),
        caller(binding(bindingToken), { pod: { namespace: 'team', serviceAccountName: 'other' } }),
      ],
      'other-subject',
    ],
    [
      'identity binding with a forged token',
      () => [caller(binding(bindingToken)), caller(binding(forged))],
      'not-verified',
    ],
    [
      'identity binding with a token for the exchange',
      () => [caller(binding(bindingToken)), caller(binding(exchangeToken))],
      'not-verified',
    ],
    [
      'identity binding for another client',
      () => [caller(binding(bindingToken)), caller(binding(bindingToken, { clientId: 'other' }))],
    ],
    [
      'identity binding through another proxy',
      () => [
        caller(binding(bindingToken)),
        caller(binding(bindingToken, { proxy: { ...proxy, url: 'https://other.test' } })),
      ],
    ],
    [
      'identity binding by another server name',
      () => [
        caller(binding(bindingToken)),
        caller(binding(bindingToken, { proxy: { ...proxy, serverName: 'b.ests.aks' } })),
      ],
    ],
    [
      'identity binding and workload identity of one service account',
      () => [
        caller(binding(bindingToken)),
        caller({ mode: 'workload-identity', clientId: 'client', assertion: new Secret(exchangeToken) }),
      ],
    ],
    ['another certificate', () => [caller(certificate('pem')), caller(certificate('other'))]],
    ['another password of the certificate', () => [caller(certificate('pem', 'p')), caller(certificate('pem', 'q'))]],
    [
      'a certificate whose password moved into its text',
      () => [caller(certificate('pem', 'p')), caller(certificate('pem","p'))],
    ],
    [
      'a secret that is the text of a certificate',
      () => [
        caller(certificate('pem')),
        caller({ mode: 'service-principal', clientId: 'client', clientSecret: new Secret('pem') }),
      ],
    ],
    ['another user-assigned identity', () => [caller(byClientId('a')), caller(byClientId('b'))]],
    [
      'a user-assigned identity and the system-assigned one',
      () => [caller(systemAssigned), caller(byClientId('system-assigned'))],
    ],
    ['a resource id that is another’s client id', () => [caller(byClientId('a')), caller(byResourceId('a'))]],
    [
      'a managed identity in another tenant',
      () => [caller(systemAssigned), caller(systemAssigned, { tenantId: 'other' })],
    ],
    ['pod identity of another pod', () => [caller(pod('team', 'web')), caller(pod('team', 'api'))]],
    [
      'pod identity of a pod of the same name elsewhere',
      () => [caller(pod('team', 'web')), caller(pod('other', 'web'))],
    ],
    [
      'pod identity of a pod that took the name of another',
      () => [caller(pod('team', 'web', 'uid-1')), caller(pod('team', 'web', 'uid-2'))],
    ],
  ])('%s', async (_what, pair, reason) => {
    const { azure, read, reasons } = setUp();
    const [first, second] = pair();
    await read(first);
    await read(second);
    expect(azure.exchanges).toHaveLength(2);
    expect(azure.reads).toHaveLength(2);
    expect(reasons).toEqual(reason === undefined ? [] : [reason]);
    await read(first);
    expect(azure.exchanges).toHaveLength(2);
  });
});

describe('a caller that wants answers as new as now', () => {
  it('gets none that was kept, and opens a window that others share', async () => {
    const { clock, azure, read } = setUp();
    await read(caller(systemAssigned));
    await clock.advance(5_000);
    await read(caller(systemAssigned), clock.monotonic());
    expect(azure.reads).toHaveLength(2);
    await clock.advance(27_000);
    await read(caller(systemAssigned));
    expect(azure.reads).toHaveLength(2);
  });

  it('shares with those who come at the same time', async () => {
    const { clock, azure, read } = setUp();
    await read(caller(systemAssigned));
    await clock.advance(1_000);
    const nowMs = clock.monotonic();
    await Promise.all(Array.from({ length: 50 }, () => read(caller(systemAssigned), nowMs)));
    expect(azure.reads).toHaveLength(2);
  });

  it('joins an exchange that runs since before, as nothing has been read by it', async () => {
    const { clock, azure, read } = setUp();
    let answer: () => void = () => undefined;
    azure.onExchange = () => new Promise<void>((resolve) => (answer = resolve));
    const first = read(caller(systemAssigned));
    await expect.poll(() => azure.exchanges.length).toBe(1);
    await clock.advance(1_000);
    const second = read(caller(systemAssigned), clock.monotonic());
    answer();
    await Promise.all([first, second]);
    expect(azure.exchanges).toHaveLength(1);
    expect(azure.reads).toHaveLength(1);
  });

  it('does not wait for a read that began before', async () => {
    const { clock, azure, read } = setUp();
    const answers: (() => void)[] = [];
    azure.onRead = () => new Promise<void>((resolve) => void answers.push(resolve));
    const first = read(caller(systemAssigned));
    await expect.poll(() => answers.length).toBe(1);
    await clock.advance(1_000);
    const second = read(caller(systemAssigned), clock.monotonic());
    await expect.poll(() => answers.length).toBe(2);
    for (const answer of answers) answer();
    await Promise.all([first, second]);
    expect(azure.reads).toHaveLength(2);
  });
});
