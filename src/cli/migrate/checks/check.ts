import type { ClassReview } from '#provider';
import type { ParsedSecretProviderClass } from '#secretclass';
import type { ClusterView, SecretVolume } from '../cluster/read-cluster.ts';

/**
 * What a finding asks of a person: something has to be mended before Keyferry takes over, something will be different
 * afterwards, or nothing has to be done and it is good to know.
 */
export const WEIGHTS = ['mend first', 'changes', 'good to know'] as const;
/** One of {@link WEIGHTS}. */
export type Weight = (typeof WEIGHTS)[number];

/** A class of the cluster, judged. */
export interface ReviewedClass {
  /** `SecretProviderClass namespace/name`. */
  readonly at: string;
  readonly namespace: string;
  readonly provider: string;
  /** The volumes of running pods that name it. */
  readonly volumes: readonly SecretVolume[];
  /** Undefined where the object can't be read as a class at all. */
  readonly parsed: ParsedSecretProviderClass | undefined;
  /** Why it can't; empty where it can. */
  readonly unreadable: string;
  /** What the Azure provider says of it; undefined for other providers. */
  readonly review: ClassReview | undefined;
}

/** A flag of `keyferry node`, as far as it is looked at here. */
export interface KnownFlag {
  readonly kind: 'text' | 'bool' | 'int' | 'duration';
  /** Durations in milliseconds. */
  readonly default: string | boolean | number;
  readonly help: string;
  readonly group: string;
  /** The program of upstream's that has it too. */
  readonly from?: string;
  /** The path of the chart's value that sets it. */
  readonly value?: string;
}

/** The flags of `keyferry node` by name. */
export type KnownFlags = Readonly<Record<string, KnownFlag>>;

/** What the checks look at: the cluster as it was read, its classes judged, and what `keyferry node` takes. */
export interface Scene {
  readonly cluster: ClusterView;
  readonly classes: readonly ReviewedClass[];
  readonly nodeFlags: KnownFlags;
}

/** What a check found. */
export interface Found {
  /** Where it shows, one line each: the object first, then what it says. */
  readonly evidence: readonly string[];
  /** What to do about it, in one or two sentences; the check's own where this is left out. */
  readonly mend?: string;
}

/** One thing that may be different for a cluster when Keyferry takes over. */
export interface Check {
  readonly weight: Weight;
  /** What it means, in one or two sentences. */
  readonly meaning: string;
  readonly mend: string;
  /** A pure look at the cluster; undefined where it does not apply. */
  find(scene: Scene): Found | undefined;
}

/** What a check found, with its id and all that a person needs to act on it. */
export interface Finding {
  readonly id: string;
  readonly weight: Weight;
  readonly meaning: string;
  readonly evidence: readonly string[];
  readonly mend: string;
}

/** A finding where there is any evidence. */
export function foundIf(evidence: readonly string[], mend?: string): Found | undefined {
  return evidence.length === 0 ? undefined : { evidence, ...(mend !== undefined && { mend }) };
}
