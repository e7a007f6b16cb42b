import type { FetchedCertificate, FetchedKey, FetchedSecret } from '#azure';
import type { ObjectType } from '../parameters/object-spec.ts';

/** One object of a vault. */
export interface ObjectRef {
  readonly type: ObjectType;
  readonly name: string;
  /** Undefined: the current version. */
  readonly version: string | undefined;
}

/** An object as a vault gave it. */
export type FetchedObject =
  | ({ readonly type: 'secret' } & FetchedSecret)
  | ({ readonly type: 'key' } & FetchedKey)
  | ({ readonly type: 'cert' } & FetchedCertificate);

/** A text that is equal for equal objects (of one vault). The vault's names ignore case. */
export function objectKey(object: ObjectRef): string {
  return `${object.type}/${object.name.toLowerCase()}/${object.version ?? ''}`;
}

/** A text that is equal for equal objects of any vault. */
export function fetchKey(vaultUrl: string, object: ObjectRef): string {
  return `${vaultUrl} ${objectKey(object)}`;
}
