import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#lab/session';

const KEYFERRY = join(packageRoot(), 'bin', 'keyferry');

const SHELLS = {
  // Readline calls the function so; compgen alone cannot.
  bash: (words: readonly string[]) => `
    source <("$KEYFERRY" completion bash)
    COMP_WORDS=(keyferry ${words.map((word) => `'${word}'`).join(' ')})
    COMP_CWORD=${words.length}
    _keyferry "$KEYFERRY"
    printf '%s\\n' "\${COMPREPLY[@]}"`,
  fish: (words: readonly string[]) => `
    "$KEYFERRY" completion fish | source
    complete -C "keyferry ${words.join(' ')}" | string split -f 1 \\t; or true`,
  // zsh's completion needs a terminal; here its functions are stood in for, and the rest is zsh's own.
  zsh: (words: readonly string[]) => `
    compdef() { : }
    _files() { print files }
    _describe() { for entry in "\${(@P)2}"; do print -r -- "\${entry%%:*}"; done }
    source <("$KEYFERRY" completion zsh)
    words=("$KEYFERRY" ${words.map((word) => `'${word}'`).join(' ')})
    CURRENT=${words.length + 1}
    _keyferry`,
};

const SHELL_NAMES = ['bash', 'zsh', 'fish'] as const;

function has(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

function complete(shell: (typeof SHELL_NAMES)[number], words: readonly string[]): string[] {
  const out = execFileSync(shell, ['-c', SHELLS[shell](words)], {
    env: { ...process.env, KEYFERRY, PATH: `${join(packageRoot(), 'bin')}:${process.env['PATH']}` },
    encoding: 'utf8',
  });
  return out.split('\n').filter((line) => line !== '');
}

for (const shell of SHELL_NAMES) {
  const missing = has(shell) ? '' : ` (skipped: no ${shell} on this machine)`;
  describe.skipIf(missing !== '')(`completion in ${shell}${missing}`, () => {
    it('completes a command from its beginning', () => {
      expect(complete(shell, ['lab', 'tr'])).toContain('trace');
    });

    it('completes an option', () => {
      expect(complete(shell, ['lab', 'up', '--det'])).toContain('--detach');
    });

    it('completes a choice', () => {
      expect(complete(shell, ['lab', 'run', '--az', ''])).toEqual(expect.arrayContaining(['auto', 'real', 'builtin']));
    });

    it('keeps quiet about a lab that does not run', () => {
      expect(complete(shell, ['lab', 'trace', '--state', '/nowhere', 'web'])).not.toContain('web');
    });
  });
}

describe('completion in bash', () => {
  it('completes a choice behind an equals sign, which readline cuts off', () => {
    expect(complete('bash', ['lab', 'run', '--az', '=', 'b'])).toEqual(['builtin']);
  });
});
