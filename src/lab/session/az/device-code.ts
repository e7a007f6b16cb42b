import { Secret } from '#base';
import { AzError } from './errors.ts';
import type { AzHttp, AzResponse } from './http.ts';
import type { AzIo } from './io.ts';
import { isObject, parseJson, textAt, type Json } from './json.ts';
import { AZ_CLIENT_ID, type SignedInUser } from './msal-cache.ts';
import { claimsOf } from './token-claims.ts';
import { ARM_SCOPE, LOGIN_URL } from './tokens.ts';

/** What a sign-in by device code ends with. */
export interface DeviceSignIn {
  readonly user: SignedInUser;
  readonly refreshToken: Secret<string>;
}

/**
 * Signs a user in by the device authorization grant (RFC 8628): `show` is told what the person has to do, then the token
 * endpoint is asked, at the pace that it named, until the person has done it. Throws what Entra ID says otherwise.
 */
export async function signInByDeviceCode(
  io: AzIo,
  http: AzHttp,
  tenant: string,
  show: (message: string) => void,
): Promise<DeviceSignIn> {
  const scope = `${ARM_SCOPE} offline_access openid profile`;
  const post = (what: string, fields: Record<string, string>) =>
    http.send({
      method: 'POST',
      url: `${LOGIN_URL}/${encodeURIComponent(tenant)}/oauth2/v2.0/${what}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: AZ_CLIENT_ID, ...fields }).toString(),
    });
  const started = parsed(await post('devicecode', { scope }));
  const deviceCode = textAt(started, 'device_code');
  if (deviceCode === undefined) throw refusal(started);
  show(textAt(started, 'message') ?? '');

  const intervalMs = 1000 * numberAt(started, 'interval', 5);
  const endMs = io.clock.monotonic() + 1000 * numberAt(started, 'expires_in', 900);
  for (;;) {
    const answer = parsed(
      await post('token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: deviceCode,
        client_info: '1',
      }),
    );
    const refreshToken = textAt(answer, 'refresh_token');
    if (refreshToken !== undefined) {
      return { user: userOf(textAt(answer, 'id_token') ?? ''), refreshToken: new Secret(refreshToken) };
    }
    if (textAt(answer, 'error') !== 'authorization_pending' || io.clock.monotonic() >= endMs) throw refusal(answer);
    await io.clock.sleep(intervalMs, { signal: io.signal });
  }
}

function parsed(answer: AzResponse): Json {
  return parseJson(answer.body) ?? {};
}

function refusal(answer: Json): AzError {
  return new AzError('error', textAt(answer, 'error_description') ?? 'the device code was not accepted');
}

function numberAt(answer: Json, key: string, fallback: number): number {
  const found = isObject(answer) ? answer[key] : undefined;
  return typeof found === 'number' ? found : fallback;
}

/** Who an ID token is about. */
function userOf(idToken: string): SignedInUser {
  const claims = claimsOf(idToken);
  return {
    username: textAt(claims, 'preferred_username') ?? '',
    tenantId: textAt(claims, 'tid') ?? '',
    objectId: textAt(claims, 'oid') ?? '',
  };
}
