/** Where people meet a failure, and how each place is told on the page. */
export const PLACES = {
  'pod-event': "the pod's events: `kubectl describe pod <pod>`, a `FailedMount` of kubelet",
  'container-event':
    "the pod's events: `kubectl describe pod <pod>`, a `Failed` of kubelet, while the pod's status is `CreateContainerConfigError`",
  'sync-event':
    "the pod's events: `kubectl describe pod <pod>`, a `FailedToCreateSecret` of the driver; the volume is mounted",
  'container-log': "the container's log: `kubectl logs <pod>`",
  az: 'what `az` prints',
} as const satisfies Record<string, string>;

/** A part of the page. */
export const SECTIONS = {
  identity: 'The token and its exchange (Entra ID)',
  vault: 'The vault and its objects (Key Vault)',
  class: 'The SecretProviderClass and its parameters',
  kubernetes: 'The pod and the cluster',
} as const satisfies Record<string, string>;

/**
 * One thing that keeps a secret from a pod, as data: what a person sees, why, and the mend. The tests make each of them
 * (scene.ts) and look for `looksLike`; docs/errors.md is rendered from the same value.
 */
export interface Cause {
  /** Kebab-case, for ever: pages link to it. */
  readonly id: string;
  /** The cause in a few words, as a heading. */
  readonly title: string;
  readonly section: keyof typeof SECTIONS;
  readonly place: keyof typeof PLACES;
  /**
   * The text that tells this cause from all others, in the words of Azure, the driver or Kubernetes. What differs each
   * time is a placeholder in angle brackets: `<subject>`; see {@link patternOf}.
   */
  readonly looksLike: string;
  /** What happened, in one to three sentences. */
  readonly why: string;
  /** What to do, in one to three sentences. */
  readonly mend: string;
  /** The commands of the mend, with placeholders. */
  readonly commands: readonly string[];
  /** Commands that show whether it is this cause, with placeholders. */
  readonly check: readonly string[];
}

/** The codes in a cause's text that people search for: AADSTS numbers. Others have the text itself. */
export function codesOf({ looksLike }: Pick<Cause, 'looksLike'>): string[] {
  return looksLike.match(/\bAADSTS\d+\b/g) ?? [];
}

/**
 * What finds `looksLike` in an event: its words exactly, each placeholder as its value in `values`, or as any text
 * where that is not known.
 */
export function patternOf(looksLike: string, values: Readonly<Record<string, string>> = {}): RegExp {
  const source = looksLike
    .split(/(<[a-z][^<>]*>)/)
    .map((part, index) => {
      if (index % 2 === 0) return escape(part);
      const value = values[part.slice(1, -1)];
      return value === undefined ? '.+?' : escape(value);
    })
    .join('');
  return new RegExp(source, 's');
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
