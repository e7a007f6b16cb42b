import type { KubeObject } from '#kube';
import type { Kind } from '../kinds/kind.ts';
import { notAcceptable } from '../status-errors.ts';
import type { Call, ServeContext } from './context.ts';
import { chooseRepresentation, parseAccept, type Representation } from './negotiate.ts';
import { partialMetadata, renderTable, type IncludeObject } from './table.ts';

/** How the answer is to look. */
export interface View {
  readonly representation: Representation;
  readonly include: IncludeObject;
  /** Leave the columns of a table out, as in the later events of a watch. */
  readonly withoutHeader?: boolean;
}

/** The representation that a request accepts. Throws 406. */
export function viewOf({ request, url }: Call): View {
  const representation = chooseRepresentation(parseAccept(request.headers.accept));
  if (representation === undefined) {
    throw notAcceptable('application/json, application/yaml');
  }
  return { representation, include: (url.searchParams.get('includeObject') as IncludeObject | null) ?? 'Metadata' };
}

/** What a list or watch is narrowed to. */
export function selection(query: URLSearchParams, namespace: string | undefined) {
  return {
    namespace,
    labelSelector: query.get('labelSelector') ?? undefined,
    fieldSelector: query.get('fieldSelector') ?? undefined,
  };
}

/** One object in the representation that was asked for. */
export function viewed(
  context: ServeContext,
  kind: Kind,
  { representation, include, withoutHeader = false }: View,
  object: KubeObject,
): unknown {
  switch (representation) {
    case 'table':
      return renderTable(kind, [object], {
        metadata: { resourceVersion: object.metadata.resourceVersion },
        include,
        nowMs: context.api.clock.now(),
        withoutHeader,
      });
    case 'partial':
      return partialMetadata(object);
    case 'object':
    case 'partial-list':
    default:
      return object;
  }
}
