import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { Secret, type Random } from '#base';
import type { Store } from '#lab/store';

/** What a user's grant is for: new tokens without the user, or the end of a device code sign-in. */
export type UserGrantKind = 'refresh' | 'device';

/** Whose tokens a grant is for, and the scope that was asked for when it was made (empty: none). */
export interface UserGrant {
  readonly userObjectId: string;
  readonly scope: string;
}

/** Makes and reads what a program can turn into a user's tokens. */
export interface UserGrants {
  issue(kind: UserGrantKind, grant: UserGrant): Secret<string>;
  /**
   * Undefined when this lab did not make the grant, or not for this. A device code is read once: whoever finds it later,
   * in a shell's history or a log, gets nothing for it.
   */
  read(kind: UserGrantKind, grant: string): UserGrant | undefined;
}

const KEY = 'entra/user-grant-key';
/** How many device codes that were read are remembered. */
const MAX_SPENT = 1000;
const keySchema = z.object({ key: z.string() });

/** A grant is `<kind>.<user>.<scope, base64url>.<nonce>.<HMAC>`: it needs no record of its own, and goes on being good after a restart. */
export function openUserGrants(store: Store, random: Random): UserGrants {
  const kept = store.get(KEY);
  const key = Buffer.from(kept === undefined ? random.bytes(32).toString('hex') : keySchema.parse(kept).key, 'hex');
  if (kept === undefined) store.put(KEY, { key: key.toString('hex') });
  const spent = new Set<string>();
  const mac = (text: string) => createHmac('sha256', key).update(text).digest();
  return {
    issue: (kind, { userObjectId, scope }) => {
      const encodedScope = Buffer.from(scope).toString('base64url');
      const text = `${kind}.${userObjectId}.${encodedScope}.${random.bytes(16).toString('base64url')}`;
      return new Secret(`${text}.${mac(text).toString('base64url')}`);
    },
    read: (kind, grant) => {
      const at = grant.lastIndexOf('.');
      const given = Buffer.from(grant.slice(at + 1), 'base64url');
      const expected = mac(grant.slice(0, Math.max(at, 0)));
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const [foundKind, userObjectId = '', encodedScope = ''] = grant.split('.');
      const scope = Buffer.from(encodedScope, 'base64url').toString();
      if (foundKind !== kind || spent.has(grant)) return undefined;
      if (kind === 'device') {
        const [oldest] = spent.size >= MAX_SPENT ? spent : [];
        if (oldest !== undefined) spent.delete(oldest);
        spent.add(grant);
      }
      return { userObjectId, scope };
    },
  };
}
