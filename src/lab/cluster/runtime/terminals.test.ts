import { describe, expect, it } from 'vitest';
import { describeInNamespaces, NAMESPACE_USERS } from '../../../../test/support/describe-in-namespaces.ts';

const CTRL_C = '\x03';
const CTRL_Z = '\x1a';

interface Step {
  readonly when: string;
  readonly type: string;
  readonly resize?: { readonly width: number; readonly height: number };
}

interface Case {
  readonly name: string;
  readonly as?: 'exec' | 'container';
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly steps?: readonly Step[];
  readonly code?: number;
  readonly shows: string;
}

const bash = ['bash', '--norc', '--noediting', '-i'];
const prompt = { PS1: '> ' };

const CASES: readonly Case[] = [
  {
    name: 'is one of the container',
    command: ['sh', '-c', 'tty; ls -1 /dev/pts'],
    shows: '/dev/pts/0\r\n0\r\nptmx\r\n',
  },
  { name: 'can be opened by name', command: ['sh', '-c', 'echo a >/dev/tty; echo b >$(tty)'], shows: 'a\r\nb\r\n' },
  { name: 'has a TERM', command: ['sh', '-c', 'echo $TERM'], shows: 'xterm\r\n' },
  { name: 'has the TERM of the pod', env: { TERM: 'vt220' }, command: ['sh', '-c', 'echo $TERM'], shows: 'vt220\r\n' },
  { name: 'carries bytes that are no text', command: ['printf', '\\377\\200'], shows: '\xff\x80' },
  {
    name: 'follows resizes',
    command: ['bash', '-c', 'trap "stty size; exit 4" WINCH; echo on; while :; do sleep 0.05; done'],
    steps: [{ when: 'on', type: '', resize: { width: 101, height: 33 } }],
    code: 4,
    shows: '33 101\r\n',
  },
  {
    name: 'sends Ctrl-C to the command',
    command: ['sh', '-c', 'echo on; exec sleep 1000'],
    steps: [{ when: 'on', type: CTRL_C }],
    code: 130,
    shows: 'on\r\n',
  },
  {
    name: 'leaves a command alone that handles Ctrl-C',
    command: ['bash', '-c', 'trap "echo caught; exit 3" INT; echo on; while :; do sleep 0.05; done'],
    steps: [{ when: 'on', type: CTRL_C }],
    code: 3,
    shows: 'caught\r\n',
  },
  {
    name: 'has job control',
    command: bash,
    env: prompt,
    steps: [
      { when: '> ', type: '(echo one; exec sleep 1000)\n' },
      { when: 'one\r\n', type: CTRL_Z },
      { when: 'Stopped', type: 'kill -9 %1; (echo two; exec sleep 1000)\n' },
      { when: 'two\r\n', type: CTRL_C },
      { when: '> ', type: 'exit $?\n' },
    ],
    code: 130,
    shows: 'Stopped',
  },
  {
    name: 'of a container is its own, with process 1 on it',
    as: 'container',
    command: ['sh', '-c', 'read line; tty; echo $$ $line $TERM; exit 6'],
    steps: [{ when: '', type: 'typed\n' }],
    code: 6,
    shows: '/dev/pts/0\r\n1 typed xterm\r\n',
  },
  {
    name: 'of a container has job control and sizes',
    as: 'container',
    command: bash,
    env: prompt,
    steps: [
      { when: '', type: '\n', resize: { width: 90, height: 20 } },
      { when: '> ', type: '(stty size; echo up; exec sleep 1000)\n' },
      // not at the answer of stty: a shell that waits for a program lives on after Ctrl-C when the program ends by itself
      { when: 'up\r\n', type: CTRL_C },
      { when: '> ', type: 'exit $?\n' },
    ],
    code: 130,
    shows: '20 90',
  },
];

describe.each(NAMESPACE_USERS)('run by %s', (user) => {
  describeInNamespaces('a terminal', user, new URL('./testing/scenarios.ts', import.meta.url), (child) => {
    it.each(CASES)('$name', async ({ as = 'exec', command, env, steps = [], code = 0, shows }) => {
      const seen = await child.call<{ code: number; shown: string; log?: string }>('terminal', {
        as,
        command,
        ...(env === undefined ? {} : { env }),
        steps,
      });
      expect(seen.shown).toContain(shows);
      expect(seen.code).toBe(code);
      // a command's output is in no log
      expect(seen.log ?? shows).toContain(shows);
    });

    it('loses nothing of what a command has written that is over before it is read', async () => {
      const seen = await child.call('lateReader', 'seq 1000000 1010999');
      // seven digits, and the terminal's carriage return before each newline
      expect(seen).toEqual({ code: 3, bytes: 11_000 * 9, end: '1010999\r\n' });
    });

    it('does not wait for what a command leaves behind on it', async () => {
      const seen = await child.call('lateReader', 'sleep 1000 & echo all done');
      expect(seen).toMatchObject({ code: 3, end: 'll done\r\n' });
    });

    it.skipIf(user !== 'root')('belongs to the user of the container', async () => {
      const command = ['sh', '-c', 'echo by name >$(tty); stat -c %u $(tty)'];
      const seen = await child.call('terminal', { as: 'exec', command, uid: 1234, steps: [] });
      expect(seen).toMatchObject({ code: 0, shown: 'by name\r\n1234\r\n' });
    });
  });
});
