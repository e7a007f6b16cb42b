/**
 * Who wrote which part of a Secret (metadata.managedFields). A Secret is made by a plain create, which fails where
 * somebody else has just made one, and changed by server-side apply. To the API server these are two owners, though of
 * one name, and so are upstream's driver and ours: an apply would never take away what only the other one owns. So before
 * an apply the driver's shares are made one; client-go does the same for kubectl (util/csaupgrade).
 */
import type { KubeObject } from '#kube';

/** Our field manager. */
export const SECRET_FIELD_MANAGER = 'secrets-store-csi-driver';

/** Names under which upstream's driver writes: its user agent's first word, and its program's name before it had one. */
const UPSTREAM_MANAGERS: readonly string[] = ['csi-secrets-store', 'secrets-store-csi'];

type Entry = NonNullable<KubeObject['metadata']['managedFields']>[number];
type Fields = { readonly [name: string]: Fields };

/** What the driver makes of a Secret: its places in FieldsV1. */
const OUR_PARTS = [['f:data'], ['f:type'], ['f:metadata', 'f:labels'], ['f:metadata', 'f:annotations']] as const;

/** Keys that the driver, this one or upstream's, wrote and nobody else has changed since. */
export interface OwnKeys {
  readonly data: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
  readonly annotations: ReadonlySet<string>;
}

/** What of `secret` is the driver's. */
export function ownKeys(secret: KubeObject): OwnKeys {
  const ours = entriesOf(secret).filter(isDrivers).map(fieldsOf);
  const keys = (...path: readonly string[]) =>
    new Set(
      ours.flatMap((fields) =>
        Object.keys(at(fields, path) ?? {}).flatMap((name) => (name.startsWith('f:') ? [name.slice(2)] : [])),
      ),
    );
  return {
    data: keys('f:data'),
    labels: keys('f:metadata', 'f:labels'),
    annotations: keys('f:metadata', 'f:annotations'),
  };
}

/**
 * The managedFields with which all that the driver wrote is our apply's; undefined where it is already. Owner references
 * stay where they are: they are added one by one, and an apply that does not name them would take them away.
 */
export function joinedManagedFields(secret: KubeObject): readonly Entry[] | undefined {
  const entries = entriesOf(secret);
  const shares = entries.filter(
    (entry) => isDrivers(entry) && !isOurApply(entry) && OUR_PARTS.some((part) => at(fieldsOf(entry), part)),
  );
  if (shares.length === 0) return undefined;
  const apply = entries.find(isOurApply);
  const joined = [...shares.map(fieldsOf), apply ? fieldsOf(apply) : {}].reduce<Fields>(joinParts, {});
  const rest = entries
    .filter((entry) => entry !== apply)
    .map((entry) =>
      shares.includes(entry)
        ? { ...entry, fieldsV1: OUR_PARTS.reduce((left, part) => without(left, part), fieldsOf(entry)) }
        : entry,
    )
    .filter(({ fieldsV1 }) => fieldsV1 !== undefined && Object.keys(fieldsV1).length > 0);
  const { time, apiVersion, fieldsType } = apply ?? shares[0] ?? {};
  return [
    ...rest,
    {
      manager: SECRET_FIELD_MANAGER,
      operation: 'Apply',
      apiVersion: apiVersion ?? 'v1',
      fieldsType: fieldsType ?? 'FieldsV1',
      fieldsV1: joined,
      ...(time !== undefined && { time }),
    },
  ];
}

function entriesOf({ metadata }: KubeObject): readonly Entry[] {
  return metadata.managedFields ?? [];
}

function isDrivers({ manager = '', operation }: Entry): boolean {
  return manager === SECRET_FIELD_MANAGER || (operation === 'Update' && UPSTREAM_MANAGERS.includes(manager));
}

function isOurApply({ manager, operation, subresource }: Entry): boolean {
  return manager === SECRET_FIELD_MANAGER && operation === 'Apply' && !subresource;
}

function fieldsOf({ fieldsV1 }: Entry): Fields {
  return (fieldsV1 ?? {}) as Fields;
}

function at(fields: Fields, path: readonly string[]): Fields | undefined {
  return path.reduce<Fields | undefined>((found, name) => found?.[name], fields);
}

/** `into` with the driver's parts of `from`. */
function joinParts(into: Fields, from: Fields): Fields {
  return OUR_PARTS.reduce((joined, part) => {
    const share = at(from, part);
    return share === undefined ? joined : put(joined, part, { ...at(joined, part), ...share });
  }, into);
}

function put(fields: Fields, [name = '', ...inner]: readonly string[], value: Fields): Fields {
  return { ...fields, [name]: inner.length === 0 ? value : put(fields[name] ?? {}, inner, value) };
}

function without(fields: Fields, [name = '', ...inner]: readonly string[]): Fields {
  const { [name]: found, ...rest } = fields;
  if (found === undefined || inner.length === 0) return rest;
  const left = without(found, inner);
  return Object.keys(left).length === 0 ? rest : { ...rest, [name]: left };
}
