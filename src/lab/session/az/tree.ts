import { editDistance } from '#base';
import type { CommandSpec, GroupSpec } from './command.ts';
import { COMMANDS, GROUPS } from './commands/index.ts';
import { usageError } from './errors.ts';
import { isRealCommand } from './real-commands.ts';

/** What the first words of a command line name. */
export type Target =
  | { readonly kind: 'command'; readonly command: CommandSpec; readonly rest: readonly string[] }
  /** A group, or az itself (path ''), without a command: its help is wanted. */
  | { readonly kind: 'group'; readonly group: GroupSpec; readonly rest: readonly string[] };

const ROOT: GroupSpec = { path: '', summary: 'Azure, as far as the lab has it.' };

/** Finds the command that the words name. Throws az's usage error for a word that is none. */
export function findTarget(words: readonly string[]): Target {
  let group = ROOT;
  for (let used = 0; ; used += 1) {
    const word = words[used];
    if (word === undefined || word.startsWith('-')) return { kind: 'group', group, rest: words.slice(used) };
    const path = group.path === '' ? word : `${group.path} ${word}`;
    const command = COMMANDS.find((candidate) => candidate.path === path);
    if (command !== undefined) return { kind: 'command', command, rest: words.slice(used + 1) };
    const next = GROUPS.find((candidate) => candidate.path === path);
    if (next === undefined) throw unknownCommand(group, word, words.slice(0, used + 2));
    group = next;
  }
}

/** The names directly below a group: of its groups and of its commands. */
export function childrenOf(group: GroupSpec): {
  readonly groups: readonly GroupSpec[];
  readonly commands: readonly CommandSpec[];
} {
  const isChild = ({ path }: { readonly path: string }) => path.split(' ').slice(0, -1).join(' ') === group.path;
  return { groups: GROUPS.filter(isChild), commands: COMMANDS.filter(isChild) };
}

function unknownCommand(group: GroupSpec, word: string, words: readonly string[]) {
  const path = group.path === '' ? word : `${group.path} ${word}`;
  if (isRealCommand(path)) {
    const line = words.filter((part) => !part.startsWith('-')).join(' ');
    return usageError(
      `'az ${path}' is a command of the real az that the lab's built-in one does not have.`,
      `The real az can be used in the lab, which answers the requests that it emulates:\n  keyferry lab run --az real -- az ${line} …`,
    );
  }
  const { groups, commands } = childrenOf(group);
  const names = [...groups, ...commands].map((child) => child.path.split(' ').at(-1) ?? '');
  const close = names.find((name) => editDistance(name, word) <= Math.max(1, Math.floor(name.length * 0.3)));
  return usageError(
    `'${word}' is misspelled or not recognized by the system.`,
    close === undefined ? `See: az ${group.path === '' ? '' : `${group.path} `}--help` : `Did you mean '${close}' ?`,
  );
}
