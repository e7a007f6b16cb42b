import type { Argument, Command, Option } from 'commander';

/** Something that could be typed next. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Things of a running lab that a word may name. */
export const LAB_THINGS = ['pods', 'namespaces', 'clusters', 'faults'] as const;

/** One of {@link LAB_THINGS}. */
export type LabThing = (typeof LAB_THINGS)[number];

/** What the word under the cursor may become. */
export type CompletionPlan =
  /** One of these. */
  | { readonly kind: 'candidates'; readonly candidates: readonly Candidate[] }
  /** The name of something in the lab; `before` are the options that came before it. */
  | { readonly kind: 'lab'; readonly thing: LabThing; readonly before: Readonly<Record<string, string>> }
  /** A path, or what nobody can know: the shell's own completion. */
  | { readonly kind: 'files' };

/** Which arguments and options name something of the lab, by the name that the help shows. */
const NAMES_OF_THINGS: Readonly<Record<string, LabThing>> = {
  'lab trace pod': 'pods',
  'lab trace --namespace': 'namespaces',
  'lab trace --cluster': 'clusters',
  'lab fault add --cluster': 'clusters',
  'lab fault clear ids': 'faults',
};

const FILES: CompletionPlan = { kind: 'files' };

/**
 * Plans the completion of the last of `words`, which come after the program's name and may be empty. It knows nothing
 * but the tree of commands.
 */
export function planCompletion(program: Command, words: readonly string[]): CompletionPlan {
  const typed = joinAssignments(words);
  const current = typed.at(-1) ?? '';
  let command = program;
  const path: string[] = [];
  const before: Record<string, string> = {};
  let positional = 0;
  let waiting: Option | undefined;
  for (const word of typed.slice(0, -1)) {
    if (waiting !== undefined) {
      before[waiting.attributeName()] = word;
      waiting = undefined;
    } else if (word === '--') {
      return FILES;
    } else if (word.startsWith('-')) {
      const option = findOption(command, word.split('=', 1)[0] ?? '');
      if (option !== undefined && takesValue(option)) {
        if (word.includes('=')) before[option.attributeName()] = word.slice(word.indexOf('=') + 1);
        else waiting = option;
      }
    } else {
      const next = positional === 0 ? visible(command).find((child) => child.name() === word) : undefined;
      if (next === undefined) positional += 1;
      else {
        command = next;
        path.push(word);
      }
    }
  }
  const here = path.join(' ');
  if (waiting !== undefined) return planValue(waiting, `${here} --${waiting.name()}`, before, '');
  const assigned = /^(--[^=]+)=/.exec(current)?.[1];
  if (assigned !== undefined) {
    const option = findOption(command, assigned);
    return option === undefined ? FILES : planValue(option, `${here} --${option.name()}`, before, `${assigned}=`);
  }
  if (current.startsWith('-')) return { kind: 'candidates', candidates: optionsOf(command) };
  if (command.commands.length > 0 && positional === 0) {
    const candidates = visible(command).map((child) => ({ value: child.name(), description: child.description() }));
    return { kind: 'candidates', candidates };
  }
  return planArgument(command.registeredArguments, positional, here, before);
}

/** Readline cuts `--state=x` into three words. */
function joinAssignments(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const [index, word] of words.entries()) {
    const last = joined.at(-1);
    if (word === '=' && last?.startsWith('--')) joined[joined.length - 1] = `${last}=`;
    else if (last?.startsWith('--') && last.endsWith('=') && words[index - 1] === '=') {
      joined[joined.length - 1] = `${last}${word}`;
    } else joined.push(word);
  }
  return joined;
}

function planValue(
  option: Option,
  key: string,
  before: Readonly<Record<string, string>>,
  prefix: string,
): CompletionPlan {
  const thing = NAMES_OF_THINGS[key];
  if (thing !== undefined) return { kind: 'lab', thing, before };
  if (option.argChoices === undefined) return FILES;
  const candidates = option.argChoices.map((value) => ({
    value: `${prefix}${value}`,
    description: option.description,
  }));
  return { kind: 'candidates', candidates };
}

function planArgument(
  all: readonly Argument[],
  position: number,
  path: string,
  before: Readonly<Record<string, string>>,
): CompletionPlan {
  const argument = all[position] ?? (all.at(-1)?.variadic === true ? all.at(-1) : undefined);
  if (argument === undefined) return FILES;
  const thing = NAMES_OF_THINGS[`${path} ${argument.name()}`];
  if (thing !== undefined) return { kind: 'lab', thing, before };
  if (argument.argChoices === undefined) return FILES;
  const candidates = argument.argChoices.map((value) => ({ value, description: argument.description }));
  return { kind: 'candidates', candidates };
}

function findOption(command: Command, name: string): Option | undefined {
  return command.options.find(({ short, long }) => short === name || long === name);
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function visible(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

function optionsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long === undefined || long === null ? [] : [{ value: long, description }]));
}
