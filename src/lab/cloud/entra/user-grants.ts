import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Secret, type Random } from '#base';
import type { Store } from '#lab/store';

/** What a user's grant is for: new tokens without the user, or the end of a device code sign-in. */
export type UserGrantKind = 'refresh' | 'device';

/** Makes and reads what a program can turn into a user's tokens. */
export interface UserGrants {
  issue(kind: UserGrantKind, userObjectId: string): Secret<string>;
  /** The user that the grant is for; undefined when this lab did not make it, or not for this. */
  read(kind: UserGrantKind, grant: string): string | undefined;
}

const KEY = 'entra/user-grant-key';
const keySchema = z.object({ key: z.string() });

/** A grant is `<kind>.<user>.<nonce>.<HMAC>`: it needs no record of its own, and goes on being good after a restart. */
export function openUserGrants(store: Store, random: Random): UserGrants {
  const kept = store.get(KEY);
  const key = Buffer.from(kept === undefined ? random.bytes(32).toString('hex') : keySchema.parse(kept).key, 'hex');
  if (kept === undefined) store.put(KEY, { key: key.toString('hex') });
  const mac = (text: string) => createHmac('sha256', key).update(text).digest();
  return {
    issue: (kind, userObjectId) => {
      const text = `${kind}.${userObjectId}.${random.bytes(16).toString('base64url')}`;
      return new Secret(`${text}.${mac(text).toString('base64url')}`);
    },
    read: (kind, grant) => {
      const at = grant.lastIndexOf('.');
      const given = Buffer.from(grant.slice(at + 1), 'base64url');
      const expected = mac(grant.slice(0, Math.max(at, 0)));
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const [foundKind, userObjectId] = grant.split('.');
      return foundKind === kind ? userObjectId : undefined;
    },
  };
}
