import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDisposeStack, silentLog, systemClock, systemRandom, type DisposeStack } from '#base';
import { createCertificateAuthority } from '#crypto';
import { createFakeClock, type FakeClock } from '../../base/testing/index.ts';
import { createAuditLog } from './audit-log.ts';
import { startGateway } from './gateway/index.ts';
import { createOutbound, type Outbound } from './outbound.ts';

const HOST = 'https://eastus.oic.prod-aks.azure.com';
let stack: DisposeStack;
let outbound: Outbound;
let clock: FakeClock;

beforeEach(async () => {
  stack = createDisposeStack();
  clock = createFakeClock();
  const authority = await createCertificateAuthority('test', { clock: systemClock, random: systemRandom });
  const answers: Record<string, () => Response | Promise<Response>> = {
    '/good': () => Response.json({ keys: [] }),
    '/missing': () => new Response('', { status: 404 }),
    '/moved': () => Response.redirect(`${HOST}/good`, 302),
    '/text': () => new Response('<html>'),
    '/huge': () => new Response(`"${'x'.repeat(1024 * 1024)}"`),
    '/slow': () => new Promise<Response>(() => undefined),
  };
  const gateway = stack.use(
    await startGateway({
      services: [
        {
          name: 'issuer',
          serves: (host) => host.endsWith('.oic.prod-aks.azure.com'),
          fetch: async (request) => answers[new URL(request.url).pathname]?.() ?? new Response('', { status: 500 }),
        },
      ],
      authority,
      audit: createAuditLog({ clock: systemClock }),
      clock: systemClock,
      log: silentLog,
      graceMs: 10,
    }),
  );
  outbound = stack.use(
    createOutbound({ clock, proxyUrl: () => gateway.proxyUrl, caPem: authority.pair.certPem, timeoutMs: 5000 }),
  );
});

afterEach(() => stack[Symbol.asyncDispose]());

describe('a document that Entra ID reads', () => {
  it('comes over HTTPS through the gateway', async () => {
    expect(await outbound.fetchJson(`${HOST}/good`)).toEqual({ keys: [] });
  });

  it.each([
    ['is missing', `${HOST}/missing`, 'unavailable', /HTTP 404/],
    ['has moved', `${HOST}/moved`, 'unavailable', /HTTP 302/],
    ['is no JSON', `${HOST}/text`, 'failed-precondition', /not JSON/],
    ['is too large', `${HOST}/huge`, 'unavailable', /failed/],
    ['is at a host outside the lab', 'https://issuer.example.com/good', 'unavailable', /failed/],
    ['is on this machine', 'https://127.0.0.1:6443/good', 'unavailable', /failed/],
    ['is not at an https address', 'http://issuer.example.com/good', 'unavailable', /not an https address/],
    ['is at no address', 'nonsense', 'unavailable', /not an https address/],
  ])('is an error when it %s', async (_what, url, code, message) => {
    await expect(outbound.fetchJson(url)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('is given up when it takes too long', async () => {
    const late = outbound.fetchJson(`${HOST}/slow`);
    const refused = expect(late).rejects.toMatchObject({ code: 'deadline-exceeded' });
    await clock.advance(5000);
    await refused;
  });
});
