import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1.js';
import type { KubeObject, ResourceRef } from '#kube';
import type { ControllerContext } from './context.ts';
import { keyOf } from './informer.ts';
import { RESOURCES } from '../../resources.ts';

/** A kind of object that the API server serves: how it is named in owner references and where it lives. */
export interface ServedKind {
  readonly kind: string;
  readonly ref: ResourceRef;
  readonly namespaced: boolean;
}

/** All kinds, the built-in ones and those of CustomResourceDefinitions. */
export interface KindCatalog {
  /** The kinds of now, without events: nothing owns an event for long, and they expire by themselves. */
  kinds(): readonly ServedKind[];
  /** The kind of an owner reference; its version does not matter. */
  find(apiVersion: string, kind: string): ServedKind | undefined;
  /** Tells of each kind that is there or appears. */
  onAdded(handler: (kind: ServedKind) => void): void;
  /** Tells of each kind that is gone. */
  onRemoved(handler: (kind: ServedKind) => void): void;
}

/** Follows the CustomResourceDefinitions. `builtin` are the kinds that are always served. */
export function startKindCatalog(context: ControllerContext, builtin: readonly ServedKind[]): KindCatalog {
  const fixed = builtin.filter(({ kind }) => kind !== 'Event');
  const custom = new Map<string, ServedKind>();
  const added: ((kind: ServedKind) => void)[] = [];
  const removed: ((kind: ServedKind) => void)[] = [];
  const kinds = () => [...fixed, ...custom.values()];

  const drop = (name: string) => {
    const kind = custom.get(name);
    if (kind === undefined || !custom.delete(name)) return;
    for (const handler of removed) handler(kind);
  };

  context.watch<CustomResourceDefinition & KubeObject>(RESOURCES.customResourceDefinitions, ({ type, object }) => {
    const name = keyOf(object);
    const kind = type === 'deleted' ? undefined : servedKind(object);
    const present = custom.get(name);
    if (JSON.stringify(kind) === JSON.stringify(present)) return;
    drop(name);
    if (kind === undefined) return;
    custom.set(name, kind);
    for (const handler of added) handler(kind);
  });

  return {
    kinds,
    find: (apiVersion, kind) => {
      const slash = apiVersion.indexOf('/');
      const group = slash === -1 ? '' : apiVersion.slice(0, slash);
      return kinds().find((one) => one.kind === kind && one.ref.group === group);
    },
    onAdded: (handler) => {
      added.push(handler);
      for (const kind of kinds()) handler(kind);
    },
    onRemoved: (handler) => {
      removed.push(handler);
    },
  };
}

/** The kind that a definition serves: in its storage version, or else in its first served one. */
export function servedKind(definition: CustomResourceDefinition): ServedKind | undefined {
  const { group, names, scope, versions } = definition.spec;
  const served = versions.filter((version) => version.served);
  const version = served.find((one) => one.storage) ?? served[0];
  const established = definition.status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
  if (version === undefined || established !== true) return undefined;
  return {
    kind: names.kind,
    ref: { group, version: version.name, resource: names.plural },
    namespaced: scope === 'Namespaced',
  };
}
