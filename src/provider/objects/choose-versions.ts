import type { VersionChoice } from '../parameters/version-choice.ts';

/** A version as a vault lists it; times are milliseconds since the Unix epoch. */
export interface DatedVersion {
  readonly version: string;
  readonly enabled: boolean;
  readonly createdAtMs: number;
  readonly notBeforeMs: number | undefined;
  readonly expiresAtMs: number | undefined;
}

/** What {@link chooseVersions} looks for. */
export interface WantedVersions {
  /** The newest one to take; undefined: the newest there is. */
  readonly from: string | undefined;
  readonly choice: VersionChoice;
  readonly count: number;
  readonly nowMs: number;
}

/**
 * The newest versions that are wanted, newest first, at most `count`; none when `from` is not among them. Disabled ones
 * never count, as the vault does not hand them out; others count outside their times too, as upstream does, unless the
 * choice is `valid`.
 */
export function chooseVersions<T extends DatedVersion>(versions: readonly T[], wanted: WantedVersions): readonly T[] {
  const { from, choice, count, nowMs } = wanted;
  const usable = versions
    .filter((version) => version.enabled && (choice !== 'valid' || isValidAt(version, nowMs)))
    // A vault lists versions in the order of their ids.
    .toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  const start = from === undefined ? 0 : usable.findIndex(({ version }) => version === from);
  return start < 0 ? [] : usable.slice(start, start + count);
}

function isValidAt({ notBeforeMs, expiresAtMs }: DatedVersion, nowMs: number): boolean {
  return (notBeforeMs ?? -Infinity) <= nowMs && nowMs < (expiresAtMs ?? Infinity);
}
