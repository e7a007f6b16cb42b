import { matchesPattern } from '#base';
import type { ObjectFields } from '../parameters/object-fields.ts';
import { isObjectName } from '../parameters/object-name.ts';

/** Which objects of a vault an entry means. */
export interface ObjectSelection {
  /** Their names: `*` stands for any characters; case does not count, as it does not to the vault. */
  readonly pattern: string;
  /** The tags that they all have, with these values. */
  readonly tags: Readonly<Record<string, string>>;
  /** Whether the secrets and keys behind certificates are meant too. */
  readonly includeCertificates: boolean;
}

/** An object as a vault lists it. */
export interface SelectableObject {
  readonly name: string;
  /** Of its current version. */
  readonly enabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** Whether it stands behind a certificate. */
  readonly managed: boolean;
}

/** Parses the fields of a selection; undefined where the entry names one object. */
export function parseSelection(fields: ObjectFields): ObjectSelection | undefined {
  const pattern = fields.text('objectNamePattern');
  const tags = fields.texts('objectTags');
  const includeCertificates = fields.flag('includeCertificates');
  if (!fields.has('objectNamePattern') && !fields.has('objectTags')) {
    if (includeCertificates) refuseAlone(fields);
    return undefined;
  }
  if (pattern !== '' && !/^[0-9a-zA-Z*-]{1,127}$/.test(pattern)) {
    const given = JSON.stringify(pattern.slice(0, 60));
    fields.refuse('objectNamePattern', `objectNamePattern ${given} is not valid: letters, digits, dashes and * alone`);
  }
  return { pattern: pattern === '' ? '*' : pattern, tags: tags ?? {}, includeCertificates };
}

function refuseAlone(fields: ObjectFields): void {
  fields.refuse('includeCertificates', 'includeCertificates goes with objectNamePattern or objectTags only');
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
