import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { createTestEntra, type TestEntra } from './testing/test-entra.ts';

const AZ = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const VERIFIER = 'a-verifier-of-the-length-that-the-standard-asks-for-43';
const store = createMemoryStore();
let lab: TestEntra;

beforeEach(() => {
  lab = createTestEntra(store);
});

const query = (more: Record<string, string | undefined> = {}) => {
  const all = {
    client_id: AZ,
    response_type: 'code',
    redirect_uri: 'http://localhost:41234',
    scope: 'https://management.core.windows.net//.default offline_access openid profile',
    state: 'the "state"',
    nonce: 'the-nonce',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    response_mode: 'form_post',
    prompt: 'select_account',
    ...more,
  };
  const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `/organizations/oauth2/v2.0/authorize?${new URLSearchParams(present).toString()}`;
};

/** The fields of the page that posts itself, and where to. */
async function formOf(response: Response): Promise<{ action: string; fields: Record<string, string> }> {
  const html = (await response.text()).replace(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)));
  const fields = [...html.matchAll(/<input type="hidden" name="(\w+)" value="(.*?)" \/>/g)];
  return {
    action: /<form[^>]* action="([^"]*)"/.exec(html)?.[1] ?? '',
    fields: Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value])),
  };
}

async function signIn(more: Record<string, string | undefined> = {}): Promise<string> {
  const { fields } = await formOf(await lab.get(query(more)));
  return fields['code'] ?? '';
}

const redeem = (code: string, more: Record<string, string> = {}) =>
  lab.token({
    grant_type: 'authorization_code',
    client_id: AZ,
    code,
    redirect_uri: 'http://localhost:41234',
    code_verifier: VERIFIER,
    scope: 'https://management.core.windows.net//.default offline_access openid profile',
    ...more,
  });

describe('a sign-in with a browser', () => {
  it('ends on a page that posts the code and the state to the program', async () => {
    const response = await lab.get(query());
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const { action, fields } = await formOf(response);
    expect(action).toBe('http://localhost:41234');
    expect(Object.keys(fields).sort()).toEqual(['code', 'state']);
    expect(fields['state']).toBe('the "state"');
  });

  it('lets no value of the request write into the page', async () => {
    const html = await (await lab.get(query({ state: '"><script>alert(1)</script>' }))).text();
    expect(html).not.toContain('<script>alert');
  });

  it.each([
    ['query', /^http:\/\/localhost:41234\/\?code=[^&]+&state=/],
    ['fragment', /^http:\/\/localhost:41234\/#code=[^&]+&state=/],
  ])('redirects with response_mode=%s', async (mode, location) => {
    const response = await lab.get(query({ response_mode: mode }));
    expect([response.status, response.headers.get('location')]).toEqual([302, expect.stringMatching(location)]);
  });

  it("gives the lab's user tokens for the code, with the nonce in the id token", async () => {
    const { status, body } = await redeem(await signIn());
    expect(status).toBe(200);
    expect(decodeJwt(String(body['id_token']))).toMatchObject({ nonce: 'the-nonce', aud: AZ });
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      aud: 'https://management.core.windows.net/',
      upn: lab.directory.user.userPrincipalName,
    });
    expect(body).toHaveProperty('refresh_token');
  });

  it.each<[string, number, () => Promise<{ code: unknown }>]>([
    ['a code that nobody issued', 9002313, () => redeem('1.made-up')],
    ['another client', 9002313, async () => redeem(await signIn(), { client_id: 'somebody-else' })],
    ['another reply address', 500112, async () => redeem(await signIn(), { redirect_uri: 'http://localhost:1' })],
    ['another verifier', 501481, async () => redeem(await signIn(), { code_verifier: 'guessed' })],
    [
      'a code for the second time',
      54005,
      async () => {
        const code = await signIn();
        await redeem(code);
        return redeem(code);
      },
    ],
    [
      'a code of eleven minutes ago',
      70008,
      async () => {
        const code = await signIn();
        await lab.clock.advance(11 * 60_000);
        return redeem(code);
      },
    ],
  ])('refuses %s: AADSTS%i', async (_what, code, ask) => {
    expect((await ask()).code).toBe(code);
  });

  it('a wrong verifier does not use the code up', async () => {
    const code = await signIn();
    await redeem(code, { code_verifier: 'guessed' });
    expect((await redeem(code)).status).toBe(200);
  });

  it.each<[string, Record<string, string | undefined>, number]>([
    ['an address outside of this machine', { redirect_uri: 'https://evil.example/' }, 50011],
    ['a name that only begins like this machine', { redirect_uri: 'http://localhost.evil.example/' }, 50011],
    ['no address', { redirect_uri: undefined }, 900971],
    ['another response type', { response_type: 'token' }, 700054],
    ['an unknown challenge method', { code_challenge_method: 'S1' }, 9002325],
    ['no client', { client_id: undefined }, 900144],
  ])('refuses %s on a page of its own: AADSTS%i', async (_what, more, code) => {
    const response = await lab.get(query(more));
    expect([response.status, response.headers.get('location')]).toEqual([400, null]);
    expect(await response.text()).toContain(`AADSTS${code}`);
  });
});

describe('an application of the tenant', () => {
  const REPLY = 'https://web.example/signed-in';
  let app: { clientId: string; secret: string };

  beforeEach(() => {
    const made = lab.directory.createApplication({ displayName: 'web' });
    app = { clientId: made.clientId, secret: made.secret.expose() };
    const application = lab.directory.applicationByClientId(app.clientId);
    if (application === undefined) throw new Error('no application');
    lab.directory.putApplication({
      ...application,
      properties: { web: { redirectUris: [REPLY] }, publicClient: { redirectUris: ['http://localhost/back'] } },
    });
  });

  const asApp = () => ({ client_id: app.clientId, redirect_uri: REPLY });

  it('comes back to its own addresses only; the port of a loopback one is free', async () => {
    expect((await lab.get(query(asApp()))).status).toBe(200);
    expect((await lab.get(query({ ...asApp(), redirect_uri: 'http://localhost:9/back' }))).status).toBe(200);
    expect((await lab.get(query({ ...asApp(), redirect_uri: 'http://localhost:9/other' }))).status).toBe(400);
    expect((await lab.get(query({ ...asApp(), redirect_uri: 'https://web.example/elsewhere' }))).status).toBe(400);
  });

  it('proves itself when its code came to a web page', async () => {
    const code = await signIn(asApp());
    expect((await redeem(code, asApp())).code).toBe(7000218);
    expect((await redeem(code, { ...asApp(), client_secret: 'wrong' })).code).toBe(7000215);
    expect((await redeem(code, { ...asApp(), client_secret: app.secret })).status).toBe(200);
  });
});

describe('a sign-in by name and password', () => {
  const password = (username: string) =>
    lab.token({
      grant_type: 'password',
      client_id: AZ,
      username,
      password: 'anything',
      scope: 'https://management.core.windows.net//.default openid',
    });

  it('takes any password of a user of the tenant', async () => {
    const { status, body } = await password(lab.directory.user.userPrincipalName ?? '');
    expect([status, decodeJwt(String(body['access_token']))['upn']]).toEqual([
      200,
      lab.directory.user.userPrincipalName,
    ]);
  });

  it('refuses a name that the tenant does not have', async () => {
    expect((await password('nobody@keyferrylab.onmicrosoft.com')).code).toBe(50034);
  });

  it.each([
    ['user@keyferrylab.onmicrosoft.com', 'Managed'],
    ['user@elsewhere.example', 'Unknown'],
  ])('is told that %s is %s before', async (name, type) => {
    const realm = await lab.get(`/common/userrealm/${encodeURIComponent(name)}?api-version=1.0`);
    expect(await realm.json()).toMatchObject({ account_type: type, cloud_instance_name: 'microsoftonline.com' });
  });
});
