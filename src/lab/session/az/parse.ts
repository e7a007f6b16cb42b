import { createArgs, type Args, type ArgValue } from './args.ts';
import type { CommandSpec, OptionSpec } from './command.ts';
import { usageError, type AzError } from './errors.ts';
import { GLOBAL_OPTIONS, yes } from './options.ts';

/** All options of a command: its own, `--yes` when it asks for confirmation, and the global ones. */
export function optionsOf(command: CommandSpec): readonly OptionSpec[] {
  return [...command.options, ...(command.confirm === undefined ? [] : [yes]), ...GLOBAL_OPTIONS];
}

/**
 * Parses the words after a command's path as Python's argparse does, which az is built on: `--name value`,
 * `--name=value`, unique prefixes of long options, short options glued to their value or to each other, values after
 * `--`. An option that is absent takes the setting that stands for it, which `configured` answers. Throws usage errors with argparse's texts.
 */
export function parseArguments(
  command: CommandSpec,
  words: readonly string[],
  configured: (setting: string) => string | undefined = () => undefined,
): Args {
  const options = optionsOf(command);
  const values = new Map<string, ArgValue>();
  const extras: string[] = [];
  const tokens = classify(words, options);
  let position = 0;

  const takeValues = (limit: number): string[] => {
    const taken: string[] = [];
    for (let token = tokens[position]; taken.length < limit && token?.option === undefined; token = tokens[position]) {
      if (token === undefined) break;
      taken.push(token.text);
      position += 1;
    }
    return taken;
  };

  const consume = (match: OptionMatch): void => {
    const { option, attached } = match;
    if (option.kind === 'flag') {
      if (attached === undefined) {
        values.set(option.key, true);
      } else {
        // `-yo tsv`: a flag glued to the next short option.
        const next = match.short ? matchOption(`-${attached}`, options) : undefined;
        if (next === undefined) throw argumentError(option, `ignored explicit argument '${attached}'`);
        values.set(option.key, true);
        consume(next);
      }
      return;
    }
    const taken = attached === undefined ? takeValues(mostValues(option)) : [attached];
    values.set(option.key, convert(command, option, taken));
  };

  while (position < tokens.length) {
    const token = tokens[position] as Token;
    position += 1;
    if (token.option === undefined) extras.push(token.text);
    else if (token.option === 'unknown') extras.push(token.text);
    else consume(token.option);
  }

  for (const option of options) {
    const value = option.configured === undefined || values.has(option.key) ? undefined : configured(option.configured);
    if (value !== undefined) values.set(option.key, convert(command, option, [value]));
  }
  const { operands } = command;
  const taken = operands === undefined ? [] : extras.splice(0);
  if (operands !== undefined && taken.length > 0) values.set(operands.key, taken);
  if (values.get('help') !== true) {
    const missing = options.filter((option) => option.required === true && !values.has(option.key));
    const lacksOperand = operands !== undefined && taken.length < operands.least;
    if (missing.length > 0 || lacksOperand) {
      const spellings = [
        ...missing.map((option) => option.names.join('/')),
        ...(lacksOperand ? [`<${operands.name}>`] : []),
      ];
      throw usageError(
        `the following arguments are required: ${spellings.join(', ')}`,
        `See: az ${command.path} --help`,
      );
    }
    if (extras.length > 0) {
      throw usageError(
        `unrecognized arguments: ${extras.join(' ')}`,
        `See: az ${command.path} --help\nThe real az has more options: keyferry lab run --az real -- az ${command.path} …`,
      );
    }
  }
  for (const option of options) {
    if (option.fallback !== undefined && !values.has(option.key)) {
      values.set(option.key, convert(command, option, [option.fallback]));
    }
  }
  return createArgs(values);
}

interface OptionMatch {
  readonly option: OptionSpec;
  /** The value that came with the word itself, after `=` or glued. */
  readonly attached: string | undefined;
  readonly short: boolean;
}

interface Token {
  readonly text: string;
  /** Undefined for a value, `unknown` for what looks like an option and is none. */
  readonly option: OptionMatch | 'unknown' | undefined;
}

function classify(words: readonly string[], options: readonly OptionSpec[]): readonly Token[] {
  const end = words.indexOf('--');
  return words.flatMap((text, index): Token[] => {
    if (index === end) return [];
    if (end !== -1 && index > end) return [{ text, option: undefined }];
    return [{ text, option: classifyWord(text, options) }];
  });
}

function classifyWord(text: string, options: readonly OptionSpec[]): Token['option'] {
  if (!text.startsWith('-') || text === '-') return undefined;
  const match = matchOption(text, options);
  if (match !== undefined) return match;
  const isValue = /^-\d+$|^-\d*\.\d+$/.test(text) || text.includes(' ');
  return isValue ? undefined : 'unknown';
}

function matchOption(text: string, options: readonly OptionSpec[]): OptionMatch | undefined {
  const exact = options.find((option) => option.names.includes(text));
  if (exact !== undefined) return { option: exact, attached: undefined, short: false };
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  const attached = equals === -1 ? undefined : text.slice(equals + 1);
  if (equals !== -1) {
    const named = options.find((option) => option.names.includes(name));
    if (named !== undefined) return { option: named, attached, short: false };
  }
  if (!text.startsWith('--')) {
    const glued = options.find((option) => option.names.includes(text.slice(0, 2)));
    return glued === undefined ? undefined : { option: glued, attached: text.slice(2), short: true };
  }
  const candidates = options.flatMap((option) =>
    option.names.filter((full) => full.startsWith(name)).map((full) => ({ option, full })),
  );
  if (candidates.length > 1) {
    throw usageError(`ambiguous option: ${text} could match ${candidates.map(({ full }) => full).join(', ')}`);
  }
  const only = candidates[0];
  return only === undefined ? undefined : { option: only.option, attached, short: false };
}

function mostValues(option: OptionSpec): number {
  return option.kind === 'list' || option.kind === 'tags' ? Number.POSITIVE_INFINITY : 1;
}

function convert(command: CommandSpec, option: OptionSpec, taken: readonly string[]): ArgValue {
  const first = taken[0];
  switch (option.kind) {
    case 'flag':
      return true;
    case 'tags':
      return Object.fromEntries(
        taken
          .filter((tag) => tag !== '')
          .map((tag) => [tag.split('=', 1)[0] ?? '', tag.slice(tag.split('=', 1)[0]?.length).slice(1)]),
      );
    case 'list':
      if (first === undefined) throw argumentError(option, 'expected at least one argument');
      return taken.map((value) => chosen(command, option, value));
    case 'boolean':
      return first === undefined || chosen(command, { ...option, choices: ['false', 'true'] }, first) === 'true';
    case 'integer':
      if (first === undefined) throw argumentError(option, 'expected one argument');
      if (!/^\s*[-+]?\d+\s*$/.test(first)) throw argumentError(option, `invalid int value: '${first}'`);
      return Number.parseInt(first, 10);
    case 'text':
    default:
      if (first === undefined) throw argumentError(option, 'expected one argument');
      return chosen(command, option, first);
  }
}

function chosen(command: CommandSpec, option: OptionSpec, value: string): string {
  if (option.choices === undefined) return value;
  const choice = option.choices.find((allowed) => allowed.toLowerCase() === value.toLowerCase());
  if (choice !== undefined) return choice;
  const allowed = option.choices.join(', ');
  throw usageError(
    `az ${command.path}: '${value}' is not a valid value for '${option.names[0]}'. Allowed values: ${allowed}.`,
  );
}

function argumentError(option: OptionSpec, problem: string): AzError {
  return usageError(`argument ${option.names.join('/')}: ${problem}`);
}
