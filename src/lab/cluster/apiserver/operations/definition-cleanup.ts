import { recordOf, textOf } from '../json.ts';
import { CRD_COLLECTION } from '../kinds/custom-kinds.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';

/** Removes the custom resources of every definition that is deleted, so that none comes back with a new definition. */
export function removeWithDefinitions(storage: ObjectStorage): void {
  storage.subscribe(CRD_COLLECTION, storage.revision, ({ type, object }) => {
    if (type !== 'DELETED') return;
    const spec = recordOf(object['spec']);
    const collection = { group: textOf(spec['group']), resource: textOf(recordOf(spec['names'])['plural']) };
    for (const { metadata } of storage.list(collection)) {
      storage.remove(collection, metadata.namespace, metadata.name ?? '');
    }
  });
}
