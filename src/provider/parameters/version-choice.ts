/**
 * Which versions of an object a mount takes. `current` is the vault's own answer, whatever its state; the others are the
 * newest one that is enabled, or that is enabled and within its times (nbf, exp).
 */
export type VersionChoice = 'current' | 'enabled' | 'valid';

/** The words that `objectVersion` may hold instead of a version's id. */
const WORDS: Readonly<Record<string, VersionChoice>> = {
  '': 'current',
  latest: 'current',
  'latest-enabled': 'enabled',
  'latest-valid': 'valid',
};

/** Parses `objectVersion`: a version's id, or a word for the version that is wanted. */
export function parseVersion(text: string): { readonly version: string | undefined; readonly choice: VersionChoice } {
  const choice = Object.hasOwn(WORDS, text) ? WORDS[text] : undefined;
  return choice === undefined ? { version: text, choice: 'current' } : { version: undefined, choice };
}
