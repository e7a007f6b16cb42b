import type { TestCluster, TestLab } from '../../support/test-lab.ts';

/** A federated identity credential's three claims. */
export interface Credential {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** What a scene is made with. Each one has an identity, a service account, a class, a pod and a vault of its own. */
export interface Stage {
  readonly lab: TestLab;
  readonly cluster: TestCluster;
  /** The name of the identity, service account, class and pod: {@link sceneName}. */
  readonly name: string;
  /** Where the service account, the class and the pod are. */
  readonly namespace: string;
  /** The vault's name. It holds the secret `Fine`. */
  readonly vault: string;
  readonly clientId: string;
  readonly principalId: string;
  /** The right credential of the service account. */
  readonly credential: Credential;
  /** Makes or replaces the identity's credential; what is not given is as it should be. */
  putCredential(wrong?: Partial<Credential>): Promise<unknown>;
  /** Lets an object id, by default the identity's, read secrets of the vault. */
  setPolicy(objectId?: string): Promise<unknown>;
  /** Changes parameters of the class; null removes one. */
  setParameters(parameters: Readonly<Record<string, string | null>>): Promise<unknown>;
  createPod(): Promise<unknown>;
}

/** A Kubernetes object that is about to be created. */
export type Draft = Record<string, unknown> & { readonly spec: Record<string, unknown> };

/**
 * How a test makes a cause. All is set up so that the pod starts, but for what a scene says; then the pod is created, the
 * text is looked for, the mend made, and the pod must become ready by itself.
 */
export interface Scene {
  /** Tells the scenes of one cause apart. Kebab-case. */
  readonly variant?: string;
  /** The credential that is made: claims that differ, or null for none. */
  readonly credential?: (stage: Stage) => Partial<Credential> | null;
  /** Who gets the access policy, or null for nobody. */
  readonly policy?: (stage: Stage) => string | null;
  /** Parameters of the class that differ; null leaves one out. */
  readonly parameters?: (stage: Stage) => Readonly<Record<string, string | null>>;
  /** The names of the secrets that the class asks for. Default `Fine`. */
  readonly secrets?: readonly string[];
  /** Changes the class before it is created; null: none is created. */
  readonly class?: (draft: Draft, stage: Stage) => Draft | null;
  /** Changes the pod before it is created. */
  readonly pod?: (draft: Draft, stage: Stage) => Draft;
  /** What else is done just before the pod is created. */
  readonly break?: (stage: Stage) => Promise<unknown>;
  /** What placeholders of `looksLike` must be. */
  readonly values?: (stage: Stage) => Readonly<Record<string, string>>;
  /** The texts that the cause is looked for in. Default: the pod's FailedMount events. */
  readonly seen?: (stage: Stage) => Promise<readonly string[]>;
  readonly mend: (stage: Stage) => Promise<unknown>;
  /** Resolves when it works again. Default: the pod is ready. */
  readonly healed?: (stage: Stage) => Promise<unknown>;
  /** Disturbs the other scenes: made after them, with no other at the same time. */
  readonly alone?: true;
}

/** The scenes of causes, by the cause's id: one, or several ways to it that people meet. */
export type Scenes<Id extends string = string> = Readonly<Record<Id, Scene | readonly Scene[]>>;

/** The name of a scene, which all that it makes has: the cause's id and the variant. */
export function sceneName(causeId: string, { variant }: Pick<Scene, 'variant'>): string {
  return variant === undefined ? causeId : `${causeId}-${variant}`;
}
