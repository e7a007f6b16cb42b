import { describe, expect, it } from 'vitest';
import { describeInNamespaces, NAMESPACE_USERS } from '../../../../test/support/describe-in-namespaces.ts';

/** What `kubectl cp` does; the archive's files belong to nobody that a container has. */
const TAR = 'tar -cf - --owner=+4000 --group=+4000 -C /etc passwd | tar -xmf - -C /tmp && echo unpacked';

interface Inside {
  readonly exitCode: number;
  readonly log: string;
  readonly mounts: number;
}

describe.each(NAMESPACE_USERS)('run by %s', (user) => {
  describeInNamespaces('containers of processes', user, new URL('./testing/scenarios.ts', import.meta.url), (child) => {
    const cases: readonly (readonly [name: string, script: string, log: string])[] = [
      ['are process 1 of a PID namespace', 'echo $$', '1\n'],
      ['have their own host name', 'uname -n', 'pod-1\n'],
      ['start in their working directory, created if need be', 'pwd', '/work/here\n'],
      ['keep what an environment variable holds', 'printf "%s" "$QUOTED"', `it's "$HOME" \\n`],
      ['keep names that a shell does not know', "tr '\\0' '\\n' </proc/1/environ | grep -a tls", 'tls.crt=dotted\n'],
      ['log a last line without a newline', 'printf tail', 'tail'],
      ['can open /dev/stdout and /dev/stderr by name', 'echo a >/dev/stdout; echo b >/dev/stderr', 'a\nb\n'],
      ['have volumes in fresh folders', 'cat /data/a && echo more >/data/b && cat /data/b', 'contentmore\n'],
      ['have volumes behind symlinks', 'cat /run/secrets/x/a', 'content'],
      ['have volumes below folders of the machine', 'cat /etc/new/deep/a /usr/share/nginx/html/a', 'contentcontent'],
      ['have single files as volumes', 'cat /etc/one-file', 'content'],
      [
        'see the rest of such folders',
        'test -s /etc/passwd && ls -d /usr/share/zoneinfo >/dev/null && echo both',
        'both\n',
      ],
      ['cannot write a read-only volume', 'echo x 2>/dev/null >/etc/new/deep/b || echo refused', 'refused\n'],
      ['cannot write the folders of the machine', 'echo x 2>/dev/null >/usr/x || echo refused', 'refused\n'],
      ['write to their own root', 'echo x >/x && echo y >/var/log/y && echo ok', 'ok\n'],
      ['see no homes', 'ls -A /home /root | grep -v : | tr -d "\\n"', ''],
      ['do not see hidden folders', 'ls -A /usr/share/doc 2>/dev/null', ''],
      ['do not see password hashes', 'cat /etc/shadow 2>/dev/null | wc -c', '0\n'],
      ['may not mount', 'mount -t tmpfs tmpfs /mnt 2>/dev/null || echo refused', 'refused\n'],
      [
        'use devices below /dev only, wherever they make one',
        `awk '$5 == "/" || $5 == "/data" {print $5, $6 ~ /nodev/}' /proc/self/mountinfo; echo >/dev/null && echo usable`,
        '/ 1\n/data 1\nusable\n',
      ],
      ['do not see the old root', 'ls -A / | grep -c old', '0\n'],
    ];
    it.each(cases)('%s', async (_name, script, log) => {
      const seen = await child.call<Inside>('inside', script);
      expect(seen.log).toBe(log);
      expect(seen.mounts).toBe(0);
    });

    it('report the exit code', async () => {
      expect(await child.call('inside', 'exit 3')).toMatchObject({ exitCode: 3 });
    });

    it.each([
      [['nope'], 'exec: "nope": executable file not found in $PATH'],
      [['/nope'], 'exec: "/nope": stat /nope: no such file or directory'],
      [['/etc/passwd'], 'exec: "/etc/passwd": permission denied'],
    ])('refuse to start %j as containerd does', async (command, text) => {
      expect(await child.call('refused', ...command)).toBe(
        'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ' +
          `unable to start container process: error during container init: ${text}: unknown`,
      );
    });

    it('write nothing of a folder of the machine, nor of what is mounted below it', async () => {
      expect(await child.call('machineFolder')).toBe('top: refused\nbelow: refused\nbelow/deep: refused\n');
    });

    it('name the volume that cannot be mounted', async () => {
      expect(await child.call('missingVolume')).toContain('/nonexistent-volume');
    });

    it('end by SIGTERM when they handle it, and by SIGKILL in any case', async () => {
      expect(await child.call('signals')).toEqual({ polite: 5, log: 'on\nbye\n', stubborn: { code: 137, signal: 9 } });
    });

    const runs: readonly (readonly [name: string, command: string[], input: string | null, result: object])[] = [
      ['environment and folder', ['sh', '-c', 'echo $FROM_POD; pwd'], null, { code: 0, stdout: 'yes\n/tmp\n' }],
      ['exit code', ['sh', '-c', 'exit 7'], null, { code: 7 }],
      ['death by signal', ['sh', '-c', 'kill -9 $$'], null, { code: 137 }],
      ['stdin to its end', ['cat'], 'input', { code: 0, stdout: 'input' }],
      ['stdin by name', ['cat', '/dev/stdin'], 'input', { code: 0, stdout: 'input' }],
      ['end with stdin unread', ['true'], 'input', { code: 0 }],
      ['stderr apart', ['sh', '-c', 'echo e >&2'], null, { stdout: '', stderr: 'e\n' }],
      ['tar of strange owners', ['sh', '-c', TAR], null, { code: 0, stdout: 'unpacked\n', stderr: '' }],
      ['many lines of stdin', ['wc', '-l'], 'x\n'.repeat(100_000), { code: 0, stdout: '100000\n' }],
    ];
    it.each(runs)('run a further command: %s', async (_name, command, input, result) => {
      expect(await child.call('exec', { command }, input)).toMatchObject(result);
    });

    it.each([
      [['nope'], null, false, 'exec: "nope": executable file not found in $PATH'],
      [['nope'], 'input', false, 'exec: "nope": executable file not found in $PATH'],
      [['nope'], null, true, 'exec: "nope": executable file not found in $PATH'],
      [['/nope'], null, false, 'exec: "/nope": stat /nope: no such file or directory'],
      [['/etc/passwd'], null, false, 'exec: "/etc/passwd": permission denied'],
    ])('refuse to run %j as containerd does (stdin %j, tty %j)', async (command, input, tty, text) => {
      const seen = await child.call<{ refused: string }>('exec', { command, tty }, input);
      expect(seen).toMatchObject({ stdout: '', stderr: '' });
      expect(seen.refused.replace(/"[0-9a-f]{64}"/, 'ID')).toBe(
        'failed to exec in container: failed to start exec ID: OCI runtime exec failed: exec failed: ' +
          `unable to start container process: ${text}: unknown`,
      );
    });

    it('run a command on a terminal of the size asked for', async () => {
      const script = 'test -t 0 && test -t 1 && echo $TERM; read line; stty size; exit 4';
      const seen = await child.call<{ code: number; stdout: string }>(
        'exec',
        { command: ['bash', '-c', script], tty: true },
        'go\n',
      );
      expect(seen.code).toBe(4);
      expect(seen.stdout).toContain('xterm\r\n');
      expect(seen.stdout).toContain('30 100\r\n');
    });

    it.each(['exec sleep 1000', 'sleep 1000; true', 'sleep 1000 & wait'])(
      'can be ended after a command in them was: %s',
      async (script) => {
        // killed, killed, and hung up
        expect(await child.call('killed', script)).toEqual({ codes: [137, 137, 129], container: 137 });
      },
    );

    it("leave nothing in the node's PID namespace, where they ran in it", async () => {
      expect(await child.call('leftInNode')).toEqual({ code: 137, left: 0 });
    });

    it('run as another user where there is one', async () => {
      const seen = await child.call<{ canChangeUser: boolean; log: string }>('user');
      const anyGroups: unknown = expect.stringMatching(/^0\n0\n/);
      expect(seen).toEqual(
        user === 'root'
          ? { canChangeUser: true, log: '1234\n2345\n2345 3456\nx\n' }
          : { canChangeUser: false, log: anyGroups },
      );
    });

    it('start side by side', async () => {
      expect(await child.call('many', 10)).toBe(10);
    });
  });
});
