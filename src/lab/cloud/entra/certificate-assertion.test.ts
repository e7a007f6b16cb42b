import type { JWTPayload } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { createTestCertificate, type TestCertificate } from './testing/certificates.ts';
import { createTestEntra, type TestEntra } from './testing/test-entra.ts';

const DAY_MS = 86_400_000;
const store = createMemoryStore();
let lab: TestEntra;
let certificate: TestCertificate;
let stranger: TestCertificate;
let clientId: string;

beforeAll(async () => {
  const now = createTestEntra(store).clock.now();
  certificate = await createTestCertificate(now - DAY_MS, now + DAY_MS);
  stranger = await createTestCertificate(now - DAY_MS, now + DAY_MS);
});

beforeEach(() => {
  lab = createTestEntra(store);
  ({ clientId } = lab.directory.createApplication({ displayName: 'ci' }));
  const application = lab.directory.applicationByClientId(clientId);
  if (application === undefined) throw new Error('no application');
  lab.directory.putApplication({ ...application, certificates: [certificate.registered] });
});

const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: clientId,
  sub: clientId,
  aud: `https://login.microsoftonline.com/${lab.tenantId}/oauth2/v2.0/token`,
  jti: 'once',
  exp: lab.clock.now() / 1000 + 600,
  nbf: lab.clock.now() / 1000,
  ...more,
});

const signIn = async (assertion: string, client = clientId) =>
  lab.token({
    grant_type: 'client_credentials',
    client_id: client,
    scope: 'https://vault.azure.net/.default',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  });

/** The header that az sends, with the SHA-1 thumbprint. */
const header = (of: TestCertificate = certificate) => ({ alg: 'RS256', x5t: of.x5t });

describe('an application signs in with its certificate', () => {
  it.each([
    ['az: RS256 with x5t', () => header()],
    ['MSAL for Python: a padded x5t', () => ({ alg: 'RS256', x5t: `${certificate.x5t}=` })],
    ['MSAL for JavaScript and Go: PS256 with x5t#S256', () => ({ alg: 'PS256', 'x5t#S256': certificate.x5tS256 })],
    ['ADAL: the thumbprint in hex as kid', () => ({ alg: 'RS256', kid: certificate.registered.sha1.toUpperCase() })],
    ['with its chain, which decides nothing', () => ({ ...header(), x5c: [certificate.registered.certificate] })],
  ])('%s', async (_client, headerOf) => {
    const answer = await signIn(await certificate.sign(claims(), headerOf()));
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
  });

  it.each([
    ['the v2.0 issuer', (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`],
    ['the v1.0 token endpoint', (tenant: string) => `https://login.microsoftonline.com/${tenant}/oauth2/token`],
    ['another name of the host', (tenant: string) => `https://login.windows.net/${tenant}/oauth2/token`],
    ['the domain', () => 'https://login.microsoftonline.com/keyferrylab.onmicrosoft.com/oauth2/v2.0/token'],
  ])('for %s as its audience', async (_what, audience) => {
    const assertion = await certificate.sign(claims({ aud: audience(lab.tenantId) }), header());
    expect((await signIn(assertion)).status).toBe(200);
  });

  it('also with a certificate of its service principal', async () => {
    const principal = lab.directory.byClientId(clientId);
    if (principal === undefined) throw new Error('no service principal');
    lab.directory.put({ ...principal, certificates: [stranger.registered] });
    expect((await signIn(await stranger.sign(claims(), header(stranger)))).status).toBe(200);
  });
});

describe('a certificate sign-in is refused', () => {
  it.each<[string, number, number, () => Promise<string>]>([
    ['with a certificate that is not registered', 700027, 401, () => stranger.sign(claims(), header(stranger))],
    ["with another key than the certificate's", 700027, 401, () => stranger.sign(claims(), header())],
    ['without a thumbprint', 5002723, 400, () => certificate.sign(claims(), { alg: 'RS256' })],
    [
      'for another subject',
      700021,
      401,
      () => certificate.sign(claims({ sub: '00000000-aaaa-4000-8000-000000000000' }), header()),
    ],
    [
      'by another application',
      700021,
      401,
      () => certificate.sign(claims({ iss: '00000000-aaaa-4000-8000-000000000000' }), header()),
    ],
    [
      'for another tenant',
      700023,
      401,
      () => certificate.sign(claims({ aud: 'https://login.microsoftonline.com/other/oauth2/v2.0/token' }), header()),
    ],
    [
      'for a host that is no sign-in host',
      700023,
      401,
      () => certificate.sign(claims({ aud: `https://evil.example/${lab.tenantId}/oauth2/v2.0/token` }), header()),
    ],
    [
      'when the assertion is old',
      700024,
      401,
      () => certificate.sign(claims({ exp: lab.clock.now() / 1000 - 301 }), header()),
    ],
  ])('%s: AADSTS%i', async (_why, code, status, assertion) => {
    const answer = await signIn(await assertion());
    expect([answer.code, answer.status]).toEqual([code, status]);
  });

  it('once the certificate has run out', async () => {
    await lab.clock.advance(2 * DAY_MS);
    const answer = await signIn(await certificate.sign(claims(), header()));
    expect([answer.code, answer.status]).toEqual([1000502, 401]);
  });

  it('naming the thumbprint that was looked for', async () => {
    const answer = await signIn(await stranger.sign(claims(), header(stranger)));
    expect(answer.body['error_description']).toContain(
      `Reason - The key was not found., Thumbprint of key used by client: '${stranger.registered.sha1.toUpperCase()}'`,
    );
  });
});

it('an application without a service principal gets no token', async () => {
  lab.directory.remove(lab.directory.byClientId(clientId)?.objectId ?? '');
  const answer = await signIn(await certificate.sign(claims(), header()));
  expect([answer.code, answer.status]).toEqual([7000229, 401]);
});

it('a service principal that is disabled gets no token', async () => {
  const principal = lab.directory.byClientId(clientId);
  if (principal === undefined) throw new Error('no service principal');
  lab.directory.put({ ...principal, enabled: false });
  const answer = await signIn(await certificate.sign(claims(), header()));
  expect([answer.code, answer.status]).toEqual([7000112, 400]);
});
