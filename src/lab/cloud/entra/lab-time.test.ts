import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { createTestCertificate, type TestCertificate } from './testing/certificates.ts';
import { createTestEntra, type TestEntra } from './testing/test-entra.ts';

const HOUR_MS = 3_600_000;
const store = createMemoryStore();
let certificate: TestCertificate;

beforeAll(async () => {
  const nowMs = createTestEntra(store).clock.now();
  certificate = await createTestCertificate(nowMs - HOUR_MS, nowMs + 48 * HOUR_MS);
});

/** An application signs in by an assertion that it made just now by the machine's clock. */
const signIn = async (lab: TestEntra, endpoint?: 'oauth2/token') => {
  const { clientId } = lab.directory.createApplication({ displayName: 'ci' });
  const application = lab.directory.applicationByClientId(clientId);
  if (application === undefined) throw new Error('no application');
  lab.directory.putApplication({ ...application, certificates: [certificate.registered] });
  const nowSec = lab.clock.now() / 1000;
  const aud = `https://login.microsoftonline.com/${lab.tenantId}/oauth2/v2.0/token`;
  const claims = { iss: clientId, sub: clientId, aud, jti: 'once', exp: nowSec + 600, nbf: nowSec };
  const form = {
    grant_type: 'client_credentials',
    client_id: clientId,
    ...(endpoint === undefined
      ? { scope: 'https://vault.azure.net/.default' }
      : { resource: 'https://vault.azure.net' }),
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await certificate.sign(claims, { alg: 'RS256', x5t: certificate.x5t }),
  };
  return lab.token(form, endpoint);
};

describe('a lab whose clock was moved on', () => {
  it('takes an assertion that a client signed by its own clock, and issues a token of its own time', async () => {
    const lab = createTestEntra(store, 24 * HOUR_MS);
    const { status, body } = await signIn(lab);
    expect(status).toBe(200);
    expect(decodeJwt(String(body['access_token'])).iat).toBe((lab.clock.now() + 24 * HOUR_MS) / 1000);
  });

  it('tells a client when a token ends by the time of the client', async () => {
    const lab = createTestEntra(store, 24 * HOUR_MS);
    const { body } = await signIn(lab, 'oauth2/token');
    expect(body['expires_on']).toBe(String(lab.clock.now() / 1000 + Number(body['expires_in'])));
  });

  it('refuses a certificate whose end has come by its own time', async () => {
    expect((await signIn(createTestEntra(store, 72 * HOUR_MS))).code).toBe(1000502);
  });

  it("tells the client who signed in by the client's time, which looks at it alone", async () => {
    const lab = createTestEntra(store, 24 * HOUR_MS);
    const { objectId } = lab.directory.user;
    const { body } = await lab.token({
      grant_type: 'refresh_token',
      client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      refresh_token: lab.entra.grants.issue('refresh', { userObjectId: objectId, scope: '' }).expose(),
      scope: 'https://vault.azure.net/.default offline_access openid profile',
    });
    expect(decodeJwt(String(body['id_token'])).nbf).toBe(lab.clock.now() / 1000);
    expect(decodeJwt(String(body['access_token'])).iat).toBe((lab.clock.now() + 24 * HOUR_MS) / 1000);
  });
});
