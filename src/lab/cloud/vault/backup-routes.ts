import * as z from 'zod';
import type { Json } from '#lab/store';
import { json } from '../rest/request.ts';
import { parseBody } from './attributes.ts';
import type { Backups } from './backup.ts';
import type { StoredVersion } from './object-store.ts';
import { checkUnmanaged, permissionOn, type ObjectType } from './object-type.ts';
import { objectUrl, type VaultCall, type VaultRoute } from './vault-call.ts';
import { deletedButRecoverable, objectNotFound, restoreConflict } from './vault-errors.ts';

/** One kind of objects that can be backed up. */
export interface BackupType<T extends StoredVersion> extends ObjectType<T> {
  readonly backups: Backups;
  /** Throws when a name cannot be taken for another reason than that an object of this kind has it. */
  readonly checkName?: (call: VaultCall, name: string) => void;
}

const restoreSchema = z.object({ value: z.string().min(1) });

/** Backup and restore for one kind of objects: an object goes with all its versions, and keeps them. */
export function backupRoutes<T extends StoredVersion>(type: BackupType<T>): readonly VaultRoute[] {
  const { collection, backups, open } = type;

  const backup = (call: VaultCall) => {
    const { name = '' } = call.params;
    const versions = open(call).versions(name);
    if (versions.length === 0) throw objectNotFound(collection, name);
    checkUnmanaged(collection, 'backup', versions[0]);
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
    type.checkName?.(call, name);
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
      permission: permissionOn(collection, 'restore', 'restore/action'),
      handle: restore,
    },
    {
      method: 'POST',
      path: `/${collection}/:name/backup`,
      operation: `${type.operationPrefix}Backup`,
      permission: permissionOn(collection, 'backup', 'backup/action'),
      handle: backup,
    },
  ];
}
