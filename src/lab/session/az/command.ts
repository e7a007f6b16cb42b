import type { Args } from './args.ts';
import type { CommandContext } from './context.ts';
import type { Json } from './json.ts';

/**
 * How an option takes its values: `text` and `integer` one, `list` and `tags` any number until the next option
 * (`tags` as key=value), `flag` none, `boolean` none or true/false.
 */
export type OptionKind = 'text' | 'integer' | 'list' | 'tags' | 'flag' | 'boolean';

/** One option of a command. */
export interface OptionSpec {
  /** The name by which the handler asks for it. */
  readonly key: string;
  /** Spellings, in the order in which az's messages list them: `--name`, `-n`. */
  readonly names: readonly string[];
  readonly kind: OptionKind;
  readonly help: string;
  readonly required?: boolean;
  /** The allowed values, compared without regard to case. */
  readonly choices?: readonly string[];
  /** The value when the option is absent; shown in the help. */
  readonly fallback?: string;
  /** The setting, section and name, whose value stands for the option when it is absent: `defaults.group`. */
  readonly configured?: string;
}

/** Words of a command line that belong to no option. */
export interface OperandSpec {
  /** The name by which the handler asks for the list. */
  readonly key: string;
  /** How messages call one. */
  readonly name: string;
  /** How many there must be. */
  readonly least: 0 | 1;
  readonly help: string;
}

/**
 * A column of a command's own table: header and dotted path. `blank` makes it a column of every row, empty where there is
 * nothing (and for false); without it a header is there only when some row has a value.
 */
export type TableColumn = readonly [header: string, path: string, empty?: 'blank'];

/** One row of the table of commands. */
export interface CommandSpec {
  /** The words after `az`: `identity federated-credential create`. */
  readonly path: string;
  /** One sentence for the help. */
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  /** What the command takes besides options; nothing by default. */
  readonly operands?: OperandSpec;
  /** An example command line, without `az`. */
  readonly example: string;
  /** Columns of `-o table` where az has its own for this command. */
  readonly columns?: readonly TableColumn[];
  /** The command asks before it acts, unless --yes is given: with az's usual question, or one of its own. */
  readonly confirm?: true | string;
  /** Does what the command does and answers what it prints; undefined prints nothing. */
  readonly run: (context: CommandContext, args: Args) => Promise<Json | undefined>;
}

/** A group of commands with its line of help. */
export interface GroupSpec {
  readonly path: string;
  readonly summary: string;
}
