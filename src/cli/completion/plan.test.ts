import { describe, expect, it } from 'vitest';
import { buildProgram } from '../program.ts';
import { planCompletion } from './plan.ts';

const program = buildProgram({
  terminal: {
    out: () => undefined,
    err: () => undefined,
    colour: false,
    errColour: false,
    interactive: false,
    env: {},
  },
  nodeFlags: {},
  exit: () => undefined,
});

const values = (...words: string[]) => {
  const plan = planCompletion(program, words);
  return plan.kind === 'candidates' ? plan.candidates.map(({ value }) => value) : plan;
};

describe('completion', () => {
  it('offers the commands, and not the hidden one', () => {
    expect(values('')).toEqual(expect.arrayContaining(['demo', 'lab', 'az', 'node', 'provider', 'completion', 'help']));
    expect(values('')).not.toContain('__complete');
  });

  it('offers the commands of a group', () => {
    expect(values('lab', '')).toEqual(expect.arrayContaining(['up', 'run', 'trace', 'clock', 'fault']));
    expect(values('lab', 'fault', 'cl')).toEqual(expect.arrayContaining(['add', 'list', 'clear']));
  });

  it('offers the options of the command before', () => {
    expect(values('lab', 'trace', 'web-0', '--')).toEqual(
      expect.arrayContaining(['--namespace', '--cluster', '--follow', '--state', '--output']),
    );
  });

  it.each([
    ['after an option', ['lab', 'run', '--az', ''], ['auto', 'real', 'builtin']],
    ['behind an equals sign', ['lab', 'run', '--az='], ['--az=auto', '--az=real', '--az=builtin']],
    ['as readline cuts it', ['lab', 'run', '--az', '=', 'b'], ['--az=auto', '--az=real', '--az=builtin']],
    ['of an argument', ['completion', ''], ['bash', 'zsh', 'fish']],
  ])('offers choices %s', (_where, words, choices) => {
    expect(values(...words)).toEqual(choices);
  });

  it.each([
    ['a pod, in the namespace before it', ['lab', 'trace', '-n', 'shop', ''], 'pods', { namespace: 'shop' }],
    ['a pod, in a lab elsewhere', ['lab', 'trace', '--state=/s', ''], 'pods', { state: '/s' }],
    ['a namespace', ['lab', 'trace', 'web-0', '-n', ''], 'namespaces', {}],
    ['a cluster', ['lab', 'trace', '--cluster', ''], 'clusters', {}],
    ['a fault', ['lab', 'fault', 'clear', ''], 'faults', {}],
    ['a second fault', ['lab', 'fault', 'clear', 'f1', ''], 'faults', {}],
  ])('asks the lab for %s', (_what, words, thing, before) => {
    expect(values(...words)).toEqual({ kind: 'lab', thing, before });
  });

  it.each([
    ['a folder', ['lab', 'status', '--state', '']],
    ['the command that is run', ['lab', 'run', '--', '']],
    ['what comes after the last argument', ['lab', 'trace', 'a', 'b', '']],
    ['the value of an unknown option', ['lab', 'status', '--no=']],
  ])('leaves %s to the shell', (_what, words) => {
    expect(values(...words)).toEqual({ kind: 'files' });
  });

  it('knows each thing that it asks a lab for', () => {
    // A renamed argument or option would silently lose its completion.
    const asked = [
      ['lab', 'trace', ''],
      ['lab', 'trace', '--namespace', ''],
      ['lab', 'trace', '--cluster', ''],
      ['lab', 'fault', 'add', '--cluster', ''],
      ['lab', 'fault', 'clear', ''],
    ];
    expect(asked.map((words) => planCompletion(program, words).kind)).toEqual(asked.map(() => 'lab'));
  });
});
