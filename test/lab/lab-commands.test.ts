import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#lab/session';
import { createPerson, outcomeOf } from '../support/keyferry.ts';
import { eventually } from '../support/test-lab.ts';
import { labTraces, tracesOf } from '../support/traces.ts';

describe('keyferry lab run', () => {
  it('runs a command in the lab’s environment and answers its exit code', async () => {
    await using person = await createPerson();
    const script = 'az account show --query tenantId -o tsv && printf "%s" "$HOME" && exit 7';
    const outcome = await person.keyferry('lab', 'run', '--ephemeral', '--az', 'builtin', '--', 'sh', '-c', script);
    const [tenant = '', home = ''] = outcome.out.split('\n');
    expect(outcome.exitCode).toBe(7);
    expect(tenant).toMatch(/^[0-9a-f-]{36}$/);
    expect(home).not.toBe(person.home);
    // Ephemeral: its folder went with it, and the person's home is as it was.
    expect(existsSync(home)).toBe(false);
    expect(readdirSync(person.home)).toEqual([]);
  });

  it.each([
    ['is missing', ['no-such-program'], 127, 'cannot run no-such-program'],
    ['is missing at its path', ['/no/such'], 127, 'cannot run /no/such'],
    ['is no program', ['/etc/passwd'], 126, 'cannot run /etc/passwd'],
  ])('says of a command that it %s, as shells do, and ends the lab all the same', async (_how, command, code, text) => {
    await using person = await createPerson();
    const outcome = await person.keyferry('lab', 'run', '--state', join(person.home, 's'), '--', ...command);
    expect(outcome.exitCode).toBe(code);
    expect(outcome.err).toContain(text);
    expect(tracesOf(join(person.home, 's'))).toEqual([]);
  });

  it('refuses --az real where there is none, before it starts anything', async () => {
    await using person = await createPerson();
    person.env['PATH'] = '/nowhere';
    const outcome = await person.keyferry('lab', 'run', '--az', 'real', '--', 'true');
    expect(outcome).toMatchObject({ exitCode: 1, out: '' });
    expect(outcome.err).toContain('--az builtin');
    expect(readdirSync(person.home)).toEqual([]);
  });
});

describe('a machine that cannot run a lab', () => {
  it('is told what it lacks, and nothing stays behind', async () => {
    await using person = await createPerson();
    Object.assign(person.env, { PATH: '/nowhere', XDG_RUNTIME_DIR: person.home });
    const outcome = await person.keyferry('lab', 'up', '--ephemeral');
    expect([outcome.exitCode, outcome.out]).toEqual([1, '']);
    expect(outcome.err).toContain('unshare (package util-linux) is not on this machine');
    expect(outcome.err).toContain('what to do:');
    expect(readdirSync(person.home)).toEqual([]);
  });
});

describe('a place that a lab cannot use', () => {
  it('is named, with what to do, when the person chose it', async () => {
    await using person = await createPerson();
    const file = join(person.home, 'a-file');
    writeFileSync(file, '');
    const outcome = await person.keyferry('lab', 'run', '--state', join(file, 'lab'), '--', 'true');
    expect([outcome.exitCode, outcome.out]).toEqual([1, '']);
    expect(outcome.err).toContain('the state folder cannot be written: ENOTDIR');
    expect(outcome.err).toContain('--state DIR');
    expect(outcome.err).not.toContain('bug');
  });

  it('is not one that holds other things, which stay as they were', async () => {
    await using person = await createPerson();
    const project = join(person.home, 'project');
    mkdirSync(join(project, 'bin'), { recursive: true, mode: 0o755 });
    writeFileSync(join(project, 'bin', 'keyferry'), 'mine');
    const outcome = await person.keyferry('lab', 'run', '--state', project, '--', 'true');
    expect([outcome.exitCode, outcome.out]).toEqual([1, '']);
    expect(outcome.err).toContain("is no lab's folder: it holds bin");
    expect(readdirSync(project)).toEqual(['bin']);
    expect(readFileSync(join(project, 'bin', 'keyferry'), 'utf8')).toBe('mine');
    expect(statSync(project).mode & 0o777).toBe(0o755);
  });

  it('is named too where the kernel makes no folders', async () => {
    await using person = await createPerson();
    const outcome = await person.keyferry('lab', 'up', '--state', '/proc/keyferry/lab');
    expect([outcome.exitCode, outcome.out]).toEqual([1, '']);
    expect(outcome.err).toContain('the state folder cannot be written');
  });

  it('is passed over by an ephemeral one', async () => {
    await using person = await createPerson();
    person.env['XDG_RUNTIME_DIR'] = '/proc';
    const outcome = await person.keyferry('lab', 'run', '--ephemeral', '--az', 'builtin', '--', 'pwd');
    expect(outcome).toMatchObject({ exitCode: 0, err: '' });
  });

  it('is not made for one that cannot be', async () => {
    await using person = await createPerson();
    person.env['XDG_RUNTIME_DIR'] = person.home;
    const outcome = await person.keyferry('lab', 'up', '--ephemeral', '--detach');
    expect(outcome.err).toContain('do not go together');
    expect(readdirSync(person.home)).toEqual([]);
  });
});

describe('output to a full disk', () => {
  it('ends a command in words', async () => {
    await using person = await createPerson();
    const keyferry = [process.execPath, join(packageRoot(), 'bin', 'keyferry')];
    const outcome = await outcomeOf(
      spawn('sh', ['-c', '"$0" "$1" --help > /dev/full', ...keyferry], { env: person.env }),
    );
    expect(outcome.exitCode).toBe(1);
    expect(outcome.err).toMatch(/^error: the output cannot be written: ENOSPC.*\n$/);
  });
});

describe('a lab of somebody with a strict umask', () => {
  it('keeps to that of a node, whose folders the users of containers pass through', async () => {
    await using person = await createPerson();
    const script =
      'umask; for p in $(pgrep -f -- "lab-daemon --state=$KEYFERRY_STATE"); do grep Umask /proc/$p/status; done';
    const strict = ['-c', 'umask 077; exec "$0" "$@"', process.execPath, join(packageRoot(), 'bin', 'keyferry')];
    const run = ['lab', 'run', '--ephemeral', '--az', 'builtin', '--', 'sh', '-c', script];
    const { out } = await outcomeOf(spawn('sh', [...strict, ...run], { env: person.env }));
    // the command's own stays; unshare's is nobody's concern
    expect(out).toMatch(/^0077\n/);
    expect(out).toContain('Umask:\t0022');
  });
});

describe('a detached lab', () => {
  it('is found by status, env, audit and down, keeps its state over a restart, and lets another run beside it', async () => {
    await using person = await createPerson();
    const one = ['--state', join(person.home, 'one')];
    const two = ['--state', join(person.home, 'two')];
    expect((await person.keyferry('lab', 'up', '--detach', ...one)).exitCode).toBe(0);
    expect((await person.keyferry('lab', 'up', '--detach', ...two)).exitCode).toBe(0);
    const again = await person.keyferry('lab', 'up', ...one);
    expect([again.exitCode, again.err]).toEqual([1, expect.stringContaining('a lab runs on')]);

    const inOne = (script: string) =>
      person.keyferry('lab', 'run', ...one, '--az', 'builtin', '--', 'sh', '-c', script);
    const made = await inOne(
      'az group create -n g -l eastus -o none && az keyvault create -g g -n kv-kept -o none && az keyvault secret set --vault-name kv-kept -n S --value kept -o none',
    );
    expect({ exitCode: made.exitCode, err: made.err }).toEqual({ exitCode: 0, err: '' });
    const status = JSON.parse((await person.keyferry('lab', 'status', ...one, '--output', 'json')).out) as {
      tenantId: string;
      vaults: unknown[];
    };
    expect(status.vaults).toEqual([{ name: 'kv-kept', resourceGroup: 'g', secrets: 1, keys: 0, certificates: 0 }]);
    const other = JSON.parse((await person.keyferry('lab', 'status', ...two, '--output', 'json')).out) as typeof status;
    expect(other.vaults).toEqual([]);
    expect(other.tenantId).not.toBe(status.tenantId);

    const audit = (await person.keyferry('lab', 'audit', ...one, '--output', 'json')).out;
    const records = audit
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { operation: string; result: string });
    expect(records).toContainEqual(expect.objectContaining({ operation: 'SecretSet', result: 'Success', status: 200 }));
    expect(audit).not.toContain('"kept"');

    expect((await person.keyferry('lab', 'down', ...one)).exitCode).toBe(0);
    expect((await person.keyferry('lab', 'status', ...one)).exitCode).toBe(3);
    const kept = await inOne('az keyvault secret show --vault-name kv-kept -n S --query value -o tsv');
    expect({ ...kept }).toEqual({ exitCode: 0, out: 'kept\n', err: '' });
    expect((await person.keyferry('lab', 'down', ...two)).exitCode).toBe(0);
    await eventually('no process is left', async () => {
      const left = [...tracesOf(join(person.home, 'one')), ...tracesOf(join(person.home, 'two'))];
      return left.length === 0 ? { found: true } : { seen: left.join('\n') };
    });
  }, 60_000);
});

describe('a lab in the foreground', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'ends with whoever started it, by %s',
    async (signal) => {
      await using person = await createPerson();
      const state = join(person.home, 'lab');
      const child = person.start('lab', 'up', '--state', state);
      const outcome = outcomeOf(child);
      await once(child.stdout as NodeJS.ReadableStream, 'data');
      expect(tracesOf(state).length).toBeGreaterThan(0);
      child.kill(signal);
      await outcome;
      await eventually('no process is left', async () => {
        const left = tracesOf(state);
        return left.length === 0 ? { found: true } : { seen: left.join('\n') };
      });
      expect(labTraces().mounts).toEqual([]);
    },
    90_000,
  );

  it('takes its ephemeral folder along, even when whoever started it is killed', async () => {
    await using person = await createPerson();
    Object.assign(person.env, { XDG_RUNTIME_DIR: person.home });
    const child = person.start('lab', 'up', '--ephemeral');
    const outcome = outcomeOf(child);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    const [folder = ''] = readdirSync(person.home);
    expect(existsSync(join(person.home, folder, 'lab.json'))).toBe(true);
    child.kill('SIGKILL');
    await outcome;
    await eventually('the folder is gone', async () => {
      const left = readdirSync(person.home);
      return left.length === 0 ? { found: true } : { seen: left.join(' ') };
    });
  });

  it('writes what it needs for its owner only', async () => {
    await using person = await createPerson();
    const state = join(person.home, 'lab');
    const script = `find '${state}' -perm /077 ! -type l`;
    const { out } = await person.keyferry('lab', 'run', '--state', state, '--', 'sh', '-c', script);
    // The CA's certificates are for anybody; they lie in a folder that is not.
    expect(out.split('\n').filter((path) => path !== '' && !path.includes('/tls/'))).toEqual([]);
    expect(readFileSync(join(state, 'tls', 'ca.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
  });
});
