import type { Clock, Log, Random } from '#base';
import type { Store } from '#lab/store';
import type { ClusterHost } from '../clusters.ts';
import type { Directory } from '../directory.ts';
import type { ArmRoute } from './arm-call.ts';
import type { Access } from './authorization/index.ts';
import type { Operations } from './operations.ts';
import type { ArmResource, ResourceStore } from './resource-store.ts';

/** What the resource types share. */
export interface ArmContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly directory: Directory;
  readonly clusters: ClusterHost;
  readonly resources: ResourceStore;
  readonly operations: Operations;
  /** Who may do what. */
  readonly access: Access;
}

/** One resource type: its rows in ARM's route table, and what goes with a resource that its group's end takes along. */
export interface ResourceType {
  /** For example `Microsoft.KeyVault/vaults`. */
  readonly type: string;
  readonly routes: readonly ArmRoute[];
  /** Removes a resource of this type, with all that stands behind it. Undefined for types that live inside another. */
  readonly destroy?: (resource: ArmResource) => Promise<void>;
}
