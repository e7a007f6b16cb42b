import type { KubeObject } from '#kube';
import type { Kind } from '../kinds/kind.ts';

/** What is put beside the cells of a row. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** A meta/v1 Table of objects, as `kubectl get` prints it. */
export function renderTable(
  kind: Kind,
  objects: readonly KubeObject[],
  options: {
    readonly metadata: object;
    readonly include: IncludeObject;
    readonly nowMs: number;
    /** Leave the column definitions out, as in later events of a watch. */
    readonly withoutHeader?: boolean;
  },
): Record<string, unknown> {
  const { metadata, include, nowMs, withoutHeader = false } = options;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withoutHeader
      ? []
      : kind.columns.map(({ name, type, format = '', description = name, priority = 0 }) => ({
          name,
          type,
          format,
          description,
          priority,
        })),
    rows: objects.map((object) => ({
      cells: kind.columns.map((column) => column.cell(object, nowMs)),
      ...(include === 'None' ? {} : { object: include === 'Object' ? object : partialMetadata(object) }),
    })),
  };
}

/** The object without everything but its metadata. */
export function partialMetadata(object: KubeObject): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}
