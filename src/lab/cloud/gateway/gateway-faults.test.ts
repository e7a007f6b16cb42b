import { ProxyAgent, request } from 'undici';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDisposeStack, systemClock, systemRandom, type DisposeStack } from '#base';
import { createCertificateAuthority, type CertificateAuthority } from '#crypto';
import { createFaultTable, type FaultEffect, type FaultTable } from '#lab/faults';
import { createFakeClock, createMemoryLog, type FakeClock } from '../../../base/testing/index.ts';
import { createAuditLog, type WritableAuditLog } from '../audit-log.ts';
import type { CloudService } from '../service.ts';
import { startGateway, type Gateway } from './gateway.ts';

const URL_OF_SECRET = 'https://kv.vault.azure.net/secrets/db?api-version=7.4';

let authority: CertificateAuthority;
let stack: DisposeStack;
let audit: WritableAuditLog;
let clock: FakeClock;
let faults: FaultTable;
let gateway: Gateway;
let served: number;

beforeAll(async () => {
  authority = await createCertificateAuthority('test', { clock: systemClock, random: systemRandom });
});

beforeEach(async () => {
  stack = createDisposeStack();
  clock = createFakeClock(systemClock.now());
  audit = createAuditLog({ clock });
  faults = createFaultTable({ clock });
  served = 0;
  const answer = () => {
    served += 1;
    return Promise.resolve(Response.json({ value: 'v' }));
  };
  const vault: CloudService = {
    name: 'keyvault',
    serves: (host) => host.endsWith('.vault.azure.net'),
    fetch: answer,
    fail: (_request, { status }) => Promise.resolve(Response.json({ own: 'words' }, { status })),
  };
  const issuer: CloudService = { name: 'issuer', serves: (host) => host === 'issuer.example', fetch: answer };
  const imds: CloudService = { name: 'imds', serves: (host) => host === '169.254.169.254', fetch: answer };
  gateway = stack.use(
    await startGateway({
      services: [vault, issuer],
      metadata: { service: imds, host: '169.254.169.254' },
      authority,
      audit,
      clock,
      log: createMemoryLog(),
      faults,
      graceMs: 200,
    }),
  );
  // Ended before the gateway, as in a lab.
  stack.use(faults);
});
afterEach(() => stack[Symbol.asyncDispose]());

function ask(url: string, signal?: AbortSignal) {
  const dispatcher = new ProxyAgent({ uri: gateway.proxyUrl, requestTls: { ca: authority.pair.certPem } });
  stack.defer(() => dispatcher.destroy());
  return request(url, { dispatcher, ...(signal === undefined ? {} : { signal }) });
}

const begin = (effect: FaultEffect, host = '*.vault.azure.net') => faults.add({ host, effect });

describe('a fault at the gateway', () => {
  it('is answered by the service’s own words, with Retry-After, and the service is not asked', async () => {
    begin({ kind: 'status', status: 429, retryAfterSeconds: 5 });
    const answer = await ask(URL_OF_SECRET);
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '5']);
    expect(await answer.body.json()).toEqual({ own: 'words' });
    expect(served).toBe(0);
  });

  it('is answered in plain words where the service has none', async () => {
    begin({ kind: 'status', status: 503 }, 'issuer.example');
    const answer = await ask('https://issuer.example/openid/v1/jwks');
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, undefined]);
    expect(await answer.body.json()).toEqual({ error: { code: 'ServiceUnavailable', message: 'Service Unavailable' } });
  });

  it('resets the connection', async () => {
    begin({ kind: 'reset' });
    await expect(ask(URL_OF_SECRET)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('hangs until it is cleared, and then the real answer comes', async () => {
    begin({ kind: 'hang' });
    const answering = ask(URL_OF_SECRET);
    await expect.poll(() => faults.list()[0]?.hits).toBe(1);
    expect(served).toBe(0);
    faults.clear();
    const answer = await answering;
    expect(await answer.body.json()).toEqual({ value: 'v' });
  });

  it('lets the real answer come late', async () => {
    begin({ kind: 'latency', delayMs: 30_000 });
    const answering = ask(URL_OF_SECRET);
    await clock.sleepers();
    await clock.advance(29_999);
    expect(served).toBe(0);
    await clock.advance(1);
    expect((await answering).statusCode).toBe(200);
  });

  it('reaches instance metadata, which is plain HTTP', async () => {
    begin({ kind: 'reset' }, '169.254.169.254');
    await expect(request(`${gateway.proxyUrl}/metadata/instance`)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('leaves other hosts alone', async () => {
    begin({ kind: 'reset' });
    expect((await ask('https://issuer.example/openid/v1/jwks')).statusCode).toBe(200);
  });

  it('is told by one audit record a request, answered or not', async () => {
    const { id: throttling } = faults.add({
      host: '*.vault.azure.net',
      effect: { kind: 'status', status: 429 },
      times: 1,
    });
    await ask(URL_OF_SECRET);
    const { id: reset } = faults.add({ host: '*.vault.azure.net', effect: { kind: 'reset' }, times: 1 });
    await ask(URL_OF_SECRET).catch(() => undefined);
    const { id: hang } = begin({ kind: 'hang' });
    const leaving = new AbortController();
    const left = ask(URL_OF_SECRET, leaving.signal).catch(() => undefined);
    await expect.poll(() => faults.list().at(-1)?.hits).toBe(1);
    leaving.abort();
    await left;
    await expect.poll(() => audit.records().length).toBe(3);
    expect(audit.records().map(({ status, result, fault }) => [status, result, fault])).toEqual([
      [429, 'HTTP 429', throttling],
      [0, 'NoAnswer', reset],
      [0, 'NoAnswer', hang],
    ]);
    faults.clear();
    await ask(URL_OF_SECRET);
    expect(audit.records().at(-1)).not.toHaveProperty('fault');
  });
});
