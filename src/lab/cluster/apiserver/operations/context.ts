import type { Clock, Log, Random } from '#base';
import type { KubeObject } from '#kube';
import type { KindRegistry } from '../kinds/kind-registry.ts';
import type { Kind } from '../kinds/kind.ts';
import { notFound } from '../status-errors.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { fromStored } from './versions.ts';

/** Who asks. */
export interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What every operation works with. */
export interface ApiContext {
  readonly storage: ObjectStorage;
  readonly kinds: KindRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** An object, or its collection when there is no name. */
export interface Target {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource?: string | undefined;
}

/** How a write was asked for. */
export interface WriteOptions {
  readonly user: UserInfo;
  /** Do everything but store. */
  readonly dryRun: boolean;
  /** Unknown fields are refused, warned of, or dropped. */
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  /** Who owns the fields that are set, for server-side apply. */
  readonly fieldManager: string;
  /** Texts for the answer's Warning headers are added here. */
  readonly warnings: string[];
}

/** The object that is stored, in the target's version. Throws 404 when there is none. */
export function requireObject(context: ApiContext, target: Target): KubeObject {
  const stored = context.storage.get(target.kind.collection, target.namespace, target.name);
  if (stored === undefined) throw notFound(target.kind, target.name);
  return fromStored(target.kind, stored);
}
