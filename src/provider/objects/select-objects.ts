import { matchesPattern } from '#base';
import { isObjectName } from '../parameters/object-name.ts';
import type { ObjectSelection } from '../parameters/object-selection.ts';

/** An object as a vault lists it. */
export interface SelectableObject {
  readonly name: string;
  /** Of its current version. */
  readonly enabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** Whether it stands behind a certificate. */
  readonly managed: boolean;
}

/** The names of the objects that `selection` means, sorted; disabled ones are among them only with `withDisabled`. */
export function selectObjects(
  listed: readonly SelectableObject[],
  selection: ObjectSelection,
  { withDisabled }: { readonly withDisabled: boolean },
): readonly string[] {
  const { pattern, tags, includeCertificates } = selection;
  return listed
    .filter(
      (object) =>
        (withDisabled || object.enabled) &&
        (includeCertificates || !object.managed) &&
        // A name becomes a file's: what no vault allows is not believed.
        isObjectName(object.name) &&
        matchesPattern(pattern, object.name) &&
        Object.entries(tags).every(([tag, value]) => Object.hasOwn(object.tags, tag) && object.tags[tag] === value),
    )
    .map(({ name }) => name)
    .toSorted((a, b) => (a < b ? -1 : 1));
}

/** Stands in an `objectAlias` for the name of each object; YAML would take braces for a map. */
const NAME_MARK = '$(name)';

/** The file of a selected object: `alias` with the name in the place of its mark, else a folder; empty: the name alone. */
export function selectedPath(alias: string, name: string): string {
  if (alias.includes(NAME_MARK)) return alias.replaceAll(NAME_MARK, () => name);
  return alias === '' ? name : `${alias.replace(/\/$/, '')}/${name}`;
}

/** The folder of all files of a selection; undefined where its alias makes none. */
export function selectionFolder(alias: string): string | undefined {
  return alias === '' || alias.includes(NAME_MARK) ? undefined : alias.replace(/\/$/, '');
}
