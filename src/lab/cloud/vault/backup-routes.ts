import { z } from 'zod';
import type { Json } from '#lab/store';
import { json } from '../rest/request.ts';
import { parseBody } from './attributes.ts';
import type { Permission } from './authorize.ts';
import type { Backups } from './backup.ts';
import type { ObjectStore, StoredVersion } from './object-store.ts';
import { objectUrl, type VaultCall, type VaultRoute } from './vault-call.ts';
import { deletedButRecoverable, objectNotFound, restoreConflict, type Collection } from './vault-errors.ts';

/** What differs between the kinds of objects when they are backed up. */
export interface BackupType<T extends StoredVersion> {
  readonly collection: Collection;
  /** Begins the names of the operations, for example `Secret`. */
  readonly operationPrefix: string;
  readonly permission: (verb: string, dataAction: string) => Permission;
  readonly backups: Backups;
  readonly open: (call: VaultCall) => ObjectStore<T>;
  /** A version without its value. */
  readonly render: (call: VaultCall, version: T) => Record<string, unknown>;
}

const restoreSchema = z.object({ value: z.string().min(1) });

/** Backup and restore for one kind of objects: an object goes with all its versions, and keeps them. */
export function backupRoutes<T extends StoredVersion>(type: BackupType<T>): readonly VaultRoute[] {
  const { collection, backups, open } = type;

  const backup = (call: VaultCall) => {
    const { name = '' } = call.params;
    const versions = open(call).versions(name);
    if (versions.length === 0) throw objectNotFound(collection, name);
    return json(200, { value: backups.seal(call.vault, collection, versions as unknown as readonly Json[]) });
  };

  const restore = async (call: VaultCall) => {
    const { value } = parseBody(restoreSchema, await call.body());
    const versions = backups.open(call.vault, collection, value) as unknown as readonly T[];
    const objects = open(call);
    const [first] = versions;
    const name = first?.name ?? '';
    if (objects.buried(name) !== undefined) throw deletedButRecoverable(collection, name);
    if (objects.latest(name) !== undefined) {
      throw restoreConflict(collection, objectUrl(call, collection, name, first?.version ?? ''));
    }
    versions.forEach((version) => objects.put(version));
    const latest = objects.latest(name);
    if (latest === undefined) throw objectNotFound(collection, name);
    return json(200, type.render(call, latest));
  };

  return [
    {
      method: 'POST',
      path: `/${collection}/restore`,
      operation: `${type.operationPrefix}Restore`,
      permission: type.permission('restore', 'restore/action'),
      handle: restore,
    },
    {
      method: 'POST',
      path: `/${collection}/:name/backup`,
      operation: `${type.operationPrefix}Backup`,
      permission: type.permission('backup', 'backup/action'),
      handle: backup,
    },
  ];
}
