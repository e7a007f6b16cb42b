/** One offer of an Accept header: `application/json;as=Table;v=v1;g=meta.k8s.io`. */
export interface AcceptClause {
  readonly mediaType: string;
  readonly as: string | undefined;
  readonly group: string | undefined;
  readonly version: string | undefined;
}

/** How an object or a list is shown. */
export type Representation = 'object' | 'table' | 'partial' | 'partial-list';

/** Reads an Accept header; an empty one accepts JSON. */
export function parseAccept(header: string | undefined): AcceptClause[] {
  const clauses = (header ?? '')
    .split(',')
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '')
    .map((clause): AcceptClause => {
      const [mediaType = '', ...parameters] = clause.split(';').map((part) => part.trim());
      const values = new Map(parameters.map((part) => part.split('=', 2) as [string, string]));
      return { mediaType, as: values.get('as'), group: values.get('g'), version: values.get('v') };
    });
  return clauses.length === 0
    ? [{ mediaType: 'application/json', as: undefined, group: undefined, version: undefined }]
    : clauses;
}

/** The first representation that is asked for and that is served; undefined when none is. */
export function chooseRepresentation(clauses: readonly AcceptClause[]): Representation | undefined {
  for (const { mediaType, as, group, version } of clauses) {
    if (!isJson(mediaType)) continue;
    if (as === undefined) return 'object';
    if (group !== 'meta.k8s.io' || version !== 'v1') continue;
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata') return 'partial';
    if (as === 'PartialObjectMetadataList') return 'partial-list';
  }
  return undefined;
}

/** Whether aggregated discovery is asked for before the plain one (KEP-3352). */
export function wantsAggregatedDiscovery(clauses: readonly AcceptClause[]): boolean {
  const first = clauses.find(
    ({ mediaType, as, version }) =>
      isJson(mediaType) && (as === undefined || (as === 'APIGroupDiscoveryList' && version === 'v2')),
  );
  return first?.as === 'APIGroupDiscoveryList';
}

/** Whether an Accept header lets a document of this type through. */
export function acceptsType(header: string | undefined, type: string): boolean {
  const [family = ''] = type.split('/');
  return (header ?? '*/*')
    .split(',')
    .map((clause) => clause.split(';')[0]?.trim())
    .some((offer) => offer === type || offer === '*/*' || offer === `${family}/*`);
}

function isJson(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType === '*/*' || mediaType === 'application/*';
}
