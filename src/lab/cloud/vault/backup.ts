import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Random } from '#base';
import type { Json, Store } from '#lab/store';
import { badParameter, type Collection } from './vault-errors.ts';
import type { VaultRecord } from './vault-registry.ts';

const KEY_NAME = 'vault-backup/key';
const HEADER = Buffer.from('keyferry-backup-1\n');
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** Backups of objects: opaque, encrypted and authenticated, of use in the vaults of one subscription of this lab only. */
export interface Backups {
  /** The backup of `versions`, base64url. */
  seal(vault: VaultRecord, collection: Collection, versions: readonly Json[]): string;
  /** What a backup holds. Throws 400 BadParameter when it is none, was changed, or is of another kind or subscription. */
  open(vault: VaultRecord, collection: Collection, backup: string): readonly Json[];
}

/** The {@link Backups} of a lab; their key is made with the first one and kept in `store`. */
export function openBackups({ store, random }: { readonly store: Store; readonly random: Random }): Backups {
  const key = (): Buffer => {
    const stored = store.get(KEY_NAME);
    if (typeof stored === 'string') return Buffer.from(stored, 'base64');
    const made = Buffer.from(random.bytes(32));
    store.put(KEY_NAME, made.toString('base64'));
    return made;
  };
  return {
    seal: (vault, collection, versions) => {
      const iv = Buffer.from(random.bytes(IV_BYTES));
      const cipher = createCipheriv(CIPHER, key(), iv).setAAD(bindTo(vault, collection));
      const sealed = Buffer.concat([cipher.update(JSON.stringify(versions), 'utf8'), cipher.final()]);
      return Buffer.concat([HEADER, iv, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open: (vault, collection, backup) => {
      const bytes = Buffer.from(backup, 'base64url');
      const body = bytes.subarray(HEADER.length);
      if (!bytes.subarray(0, HEADER.length).equals(HEADER) || body.length < IV_BYTES + TAG_BYTES) throw corrupt();
      try {
        const decipher = createDecipheriv(CIPHER, key(), body.subarray(0, IV_BYTES))
          .setAAD(bindTo(vault, collection))
          .setAuthTag(body.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const plain = Buffer.concat([decipher.update(body.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
        return JSON.parse(plain.toString()) as readonly Json[];
      } catch {
        throw corrupt();
      }
    },
  };
}

/** What a backup is good for: this kind of object, in vaults of this subscription. */
function bindTo(vault: VaultRecord, collection: Collection): Buffer {
  const [, , subscriptionId = ''] = vault.armId.toLowerCase().split('/');
  return Buffer.from(`${collection} ${subscriptionId}`);
}

// As the recordings of the SDKs' tests have it.
function corrupt(): Error {
  return badParameter('Backup blob contains invalid or corrupt version.');
}
