import { shortenMiddle } from '#base';
import type { ProviderNotice } from '#providerapi';
import type { MisspeltField } from '../parameters/object-fields.ts';
import type { AbsentObject } from './resolve-objects.ts';

/** Stands where the vault's id of a version would: the pod's status says by it that there is no file. No vault has such an id. */
export const ABSENT_VERSION = 'absent';

/** What of a reason fits into an event beside the rest. */
const MAX_REASON = 500;

/** That an optional entry has no file, and why. */
export function absentNotice({ spec, reason }: AbsentObject): ProviderNotice {
  const { at, line, type, name } = spec;
  const message = `no file for the optional ${type} ${name}, ${at} (line ${line}): ${shortenMiddle(reason, MAX_REASON)}`;
  return { type: 'Normal', reason: 'OptionalObjectMissing', message };
}

/** That a field of an entry is ignored, which its author most likely did not want. */
export function misspeltNotice({ at, line, field, meant }: MisspeltField): ProviderNotice {
  const name = shortenMiddle(field, 60);
  const message = `${at}.${name} (line ${line}) is not a field of an object and is ignored: did you mean ${meant}?`;
  return { type: 'Warning', reason: 'UnknownObjectField', message };
}
