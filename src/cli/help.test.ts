import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { allCommands, buildProgram } from './program.ts';

const written: string[] = [];
const program = buildProgram({
  terminal: {
    out: (text) => void written.push(text),
    err: (text) => void written.push(text),
    colour: false,
    errColour: false,
    interactive: false,
    env: {},
  },
  nodeFlags: {},
  exit: () => undefined,
});

function helpOf(command: Command): string {
  written.length = 0;
  command.outputHelp();
  return written.join('');
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

const COMMANDS = [program, ...allCommands(program)]
  .filter((command) => command.name() !== '__complete')
  .map((command) => [pathOf(command), command] as const);

describe('the help', () => {
  it.each(COMMANDS)('of %s has a description and an example', (_path, command) => {
    const help = helpOf(command);
    expect(command.description()).not.toBe('');
    expect(help).toMatch(/^Examples?:\n {2}/m);
  });

  it.each(COMMANDS)('of %s gives examples of commands and options that there are', (_path, command) => {
    const [, examples = ''] = helpOf(command).split(/^Examples?:\n/m);
    const lines = examples.split('\n').flatMap((line) => /keyferry ((?:[^#|&)<>]|'[^']*')*)/.exec(line)?.[1] ?? []);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(unknownWords(line.trim().split(/ +/))).toEqual([]);
  });

  it.each(COMMANDS)('of %s says what each option is for', (_path, command) => {
    expect(command.options.filter(({ description }) => description === '').map(({ flags }) => flags)).toEqual([]);
  });
});

/** The words of an example that the tree of commands does not know; what belongs to a program of its own is passed over. */
function unknownWords(words: readonly string[]): string[] {
  let command = program;
  const unknown: string[] = [];
  for (const word of words) {
    if (word === '--' || ['az', 'node', 'provider'].includes(command.name())) break;
    if (word.startsWith('-')) {
      const name = word.split('=', 1)[0];
      const known = command.options.some(({ short, long }) => short === name || long === name) || name === '--help';
      if (!known) unknown.push(word);
    } else if (command.commands.length > 0) {
      const next = command.commands.find((child) => child.name() === word);
      if (next === undefined) unknown.push(word);
      else command = next;
    }
  }
  return unknown;
}
