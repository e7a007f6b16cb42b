import type { ObjectFields } from './object-fields.ts';

/** Which objects of a vault an entry means. */
export interface ObjectSelection {
  /** Their names: `*` stands for any characters; case does not count, as it does not to the vault. */
  readonly pattern: string;
  /** The tags that they all have, with these values. */
  readonly tags: Readonly<Record<string, string>>;
  /** Whether the secrets and keys behind certificates are meant too. */
  readonly includeCertificates: boolean;
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
