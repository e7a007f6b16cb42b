import type { Collection } from '../storage/object-storage.ts';
import type { FieldReaders, Kind, NameRule, Strategy, Subresource } from './kind.ts';

/** One row of the table of kinds; what is left out is derived from the rest. */
export interface KindRow {
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly resource: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly clusterScoped?: true;
  readonly subresources?: readonly Subresource[];
  /** The name of the type in the field tables; left out, the kind. */
  readonly typeName?: string;
  readonly selectableFields?: readonly string[];
  readonly fieldReaders?: FieldReaders;
  readonly deprecation?: string;
  readonly names?: NameRule;
  readonly countsGenerations?: true;
  readonly strategy?: Strategy;
  /** Where the objects are kept, when another kind's version is stored. */
  readonly collection?: Collection;
  /** The version that is stored, when it is another one of the same group. */
  readonly storageVersion?: string;
  readonly fromStored?: Kind['fromStored'];
  readonly toStored?: Kind['toStored'];
}
