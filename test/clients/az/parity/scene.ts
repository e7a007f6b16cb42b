/** One command line that both run, and what the next ones need of its answer. */
export interface Step {
  /** Words after `az`; quotes, single or double, keep spaces. `$NAME` stands for a value that an earlier step kept. */
  readonly line: string;
  /** Names to keep, with the dotted path of their value in the JSON that the step prints. */
  readonly keep?: Readonly<Record<string, string>>;
  /** A file below the home folder whose content is compared after the step. */
  readonly file?: string;
  /** A file below the home folder that is written before the step. */
  readonly write?: readonly [name: string, content: string | Uint8Array];
  readonly env?: Readonly<Record<string, string>>;
  /** The printed list has no order of its own: versions of a secret, which are listed by their random ids. */
  readonly anyOrder?: boolean;
  /** Why the stand-in's words differ on purpose; the error's text is not compared. */
  readonly ownWords?: string;
}

/** Steps that go on from each other, in a lab of their own. */
export interface Scene {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** A scene from its command lines: texts, or a text with what {@link Step} has besides. */
export function scene(
  name: string,
  ...steps: readonly (string | readonly [line: string, more: Omit<Step, 'line'>])[]
): Scene {
  return {
    name,
    steps: steps.map((step) => (typeof step === 'string' ? { line: step } : { line: step[0], ...step[1] })),
  };
}
