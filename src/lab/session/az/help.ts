import type { CommandSpec, GroupSpec, OptionSpec } from './command.ts';
import { GLOBAL_OPTIONS } from './options.ts';
import { optionsOf } from './parse.ts';
import { childrenOf } from './tree.ts';

const WIDTH = 100;

/** The help of a command, in az's layout: Command, Arguments, Global Arguments, Examples. */
export function renderCommandHelp(command: CommandSpec): string {
  const own = optionsOf(command).filter((option) => !GLOBAL_OPTIONS.includes(option));
  const lines = ['', 'Command', `    az ${command.path} : ${command.summary}`, ''];
  const width = Math.max(...[...own, ...GLOBAL_OPTIONS].map((option) => label(option).length));
  if (command.operands !== undefined) {
    lines.push('Positional', `    ${command.operands.name} : ${command.operands.help}`, '');
  }
  if (own.length > 0) lines.push('Arguments', ...sorted(own).flatMap((option) => optionLines(option, width)), '');
  lines.push('Global Arguments', ...GLOBAL_OPTIONS.flatMap((option) => optionLines(option, width)), '');
  lines.push('Examples', `    ${command.summary}`, `        az ${command.example}`, '', '');
  return lines.join('\n');
}

/** The help of a group, or of az itself: its groups and its commands. */
export function renderGroupHelp(group: GroupSpec): string {
  const { groups, commands } = childrenOf(group);
  const short = (path: string) => path.split(' ').at(-1) ?? path;
  const entries = (children: readonly (GroupSpec | CommandSpec)[]) => {
    const width = Math.max(...children.map((child) => short(child.path).length));
    return [...children]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .flatMap((child) => wrapped(`    ${short(child.path).padEnd(width)} : `, child.summary));
  };
  return [
    '',
    'Group',
    `    ${`az ${group.path}`.trim()} : ${group.summary}`,
    '',
    ...(groups.length === 0 ? [] : ['Subgroups:', ...entries(groups), '']),
    ...(commands.length === 0 ? [] : ['Commands:', ...entries(commands), '']),
    '',
  ].join('\n');
}

/** Required ones first, then by name, as az sorts them. */
function sorted(options: readonly OptionSpec[]): readonly OptionSpec[] {
  const rank = (option: OptionSpec) => `${option.required === true ? 0 : 1}${longNames(option)[0] ?? ''}`;
  return [...options].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function longNames(option: OptionSpec): readonly string[] {
  const long = option.names.filter((name) => name.startsWith('--')).sort();
  return [...long, ...option.names.filter((name) => !name.startsWith('--'))];
}

function label(option: OptionSpec): string {
  return longNames(option).join(' ') + (option.required === true ? ' [Required]' : '');
}

function optionLines(option: OptionSpec, width: number): readonly string[] {
  const choices = option.kind === 'boolean' ? ['false', 'true'] : option.choices;
  const text = [
    option.help,
    ...(choices === undefined ? [] : [` Allowed values: ${choices.join(', ')}.`]),
    ...(option.fallback === undefined ? [] : [` Default: ${option.fallback}.`]),
  ].join(' ');
  const names = longNames(option).join(' ');
  const required = option.required === true ? '[Required]' : '';
  return wrapped(`    ${names.padEnd(width - required.length)}${required} : `, text);
}

function wrapped(head: string, text: string): readonly string[] {
  const lines: string[] = [];
  let line = head;
  for (const word of text.split(/(?<= ) */)) {
    if (line.length + word.trimEnd().length > WIDTH && line.trim() !== '' && line !== head) {
      lines.push(line.trimEnd());
      line = ' '.repeat(head.length);
    }
    line += word;
  }
  return [...lines, line.trimEnd()];
}
