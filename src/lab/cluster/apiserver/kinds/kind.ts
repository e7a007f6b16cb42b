import type { KubeObject } from '#kube';
import type { Clock } from '#base';
import type { JsonRecord } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import type { FieldIssue } from '../status-errors.ts';
import type { Collection } from '../storage/object-storage.ts';

/** A column of `kubectl get`, and where its cell comes from. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean' | 'number';
  readonly format?: string;
  readonly description?: string;
  /** 0 is shown always, 1 only with `-o wide`. */
  readonly priority?: number;
  readonly cell: (object: KubeObject, nowMs: number) => string | number | boolean | null;
}

/** What a kind does beyond what all objects do. Every function is pure and answers a new object. */
export interface Strategy {
  /** Fills fields that were left out. Runs before admission, on create and on every change. */
  readonly defaults?: (object: KubeObject) => KubeObject;
  /** What is wrong with the object; `old` is undefined on create. */
  readonly validate?: (object: KubeObject, old: KubeObject | undefined) => readonly FieldIssue[];
  /** Sets what a client may not choose, on create. */
  readonly prepareForCreate?: (object: KubeObject, context: { readonly clock: Clock }) => KubeObject;
  /** Keeps what a client may not change, on update. */
  readonly prepareForUpdate?: (object: KubeObject, old: KubeObject) => KubeObject;
  /** Finds the seconds to go on after a deletion was asked for; without it objects go at once. */
  readonly graceSeconds?: (object: KubeObject, asked: number | undefined) => number;
}

/** How fields are read for selectors, by the name that a selector uses. */
export type FieldReaders = Readonly<Record<string, (object: KubeObject) => unknown>>;

/** Paths of the fields that a Scale stands for. */
export interface ScalePaths {
  readonly specReplicas: readonly string[];
  readonly statusReplicas: readonly string[];
  /** Of a selector as a text. */
  readonly labelSelector?: readonly string[];
}

/** A subresource that is served besides `status`. */
export type Subresource = 'status' | 'scale' | 'log' | 'exec' | 'attach' | 'eviction' | 'token' | 'finalize';

/** What kinds of names the objects may have. */
export type NameRule = 'subdomain' | 'label' | 'dns1035' | 'path';

/** One kind in one version, as it is served. */
export interface Kind {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural in lower case, as in paths. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly subresources: readonly Subresource[];
  readonly schema: Schema;
  /** The openAPIV3Schema of a custom resource. */
  readonly openapi?: JsonRecord | undefined;
  readonly columns: readonly Column[];
  /** Fields beside metadata.name and metadata.namespace that a field selector may name. */
  readonly selectableFields: readonly string[];
  /** How a field is read that is not simply at its path: what a selector compares. */
  readonly fieldReaders?: FieldReaders;
  /** Where the replicas of a custom resource are; left out, where Deployments have them. */
  readonly scale?: ScalePaths;
  /** A warning that every answer carries: that the kind's version is deprecated. */
  readonly deprecation?: string;
  readonly names: NameRule;
  /** Whether metadata.generation counts changes of the spec. */
  readonly countsGenerations: boolean;
  readonly strategy: Strategy;
  /** Where the objects are kept; versions and twins of a kind share it. */
  readonly collection: Collection;
  /** The version that is stored; GROUP/VERSION where it is another group's. */
  readonly storageVersion: string;
  /** Turns a stored object into this version; without it only apiVersion is set. */
  readonly fromStored?: (object: KubeObject) => KubeObject;
  /** Turns an object of this version into what is stored. */
  readonly toStored?: (object: KubeObject) => KubeObject;
}

/** Whether a definition made the kind. */
export function isCustom({ schema }: Kind): boolean {
  return schema.type !== 'struct' || schema.name === undefined;
}

/** `apps/v1`, or `v1` in the core group. */
export function groupVersion({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}
