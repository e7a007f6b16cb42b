import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { silentLog, systemClock } from '#base';
import { serveScenarios } from '../../../../../test/support/namespaces.ts';
import type { ExecRequest } from '../../pod-streams.ts';
import {
  createProcessRuntime,
  parseLogEntry,
  readMounts,
  type ContainerRuntime,
  type ContainerSpec,
} from '../index.ts';

/** A person at a terminal: types when the text that they wait for is shown. */
interface Dialogue {
  readonly as: 'exec' | 'container';
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly steps: readonly {
    readonly when: string;
    readonly type: string;
    readonly resize?: { readonly width: number; readonly height: number };
  }[];
}

interface Place {
  readonly runtime: ContainerRuntime;
  readonly folder: string;
  spec(id: string, command: readonly string[], more?: Partial<ContainerSpec>): ContainerSpec;
  /** The text of a container's log, both streams. */
  log(id: string): string;
}

async function withRuntime<T>(use: (place: Place) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kf-'));
  try {
    await using runtime = await createProcessRuntime({
      stateDir: join(folder, 'runtime'),
      hiddenPaths: ['/usr/share/doc'],
      clock: systemClock,
      log: silentLog,
    });
    return await use({
      runtime,
      folder,
      spec: (id, command, more) => ({
        id,
        image: 'busybox',
        command,
        workingDir: '/',
        mounts: [],
        hostname: 'pod-1',
        env: [
          {
            name: 'PATH',
            value: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
          },
        ],
        user: { supplementalGroups: [] },
        readOnlyRoot: false,
        privileged: false,
        noNewPrivileges: false,
        addCapabilities: [],
        dropCapabilities: [],
        stdin: false,
        logPath: join(folder, `${id}.log`),
        ...more,
      }),
      log: (id) => {
        const lines = readFileSync(join(folder, `${id}.log`))
          .toString('latin1')
          .split('\n')
          .slice(0, -1);
        const entries = lines.map((line) => parseLogEntry(Buffer.from(line, 'latin1')));
        return entries.map((entry) => `${entry?.content.toString()}${entry?.partial === true ? '' : '\n'}`).join('');
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The command lines of all processes that this one sees. */
function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
}

serveScenarios({
  inside: (script: string) =>
    withRuntime(async ({ runtime, folder, spec, log }) => {
      mkdirSync(join(folder, 'volume'));
      writeFileSync(join(folder, 'volume', 'a'), 'content');
      const volume = (containerPath: string, readOnly: boolean) => ({
        hostPath: join(folder, 'volume'),
        containerPath,
        readOnly,
      });
      const handle = await runtime.start(
        spec('x', ['sh', '-c', script], {
          workingDir: '/work/here',
          env: [
            { name: 'PATH', value: '/usr/bin:/bin:/usr/sbin:/sbin' },
            { name: 'QUOTED', value: `it's "$HOME" \\n` },
            { name: 'tls.crt', value: 'dotted' },
          ],
          mounts: [
            volume('/data', false),
            volume('/var/run/secrets/x', true),
            volume('/etc/new/deep', true),
            volume('/usr/share/nginx/html', true),
            { hostPath: join(folder, 'volume', 'a'), containerPath: '/etc/one-file', readOnly: true },
          ],
        }),
      );
      const { exitCode } = await handle.exit;
      return { exitCode, log: log('x'), mounts: readMounts().filter((m) => m.mountPoint.startsWith(folder)).length };
    }),

  refused: (...command: string[]) =>
    withRuntime(async ({ runtime, spec }) => {
      const error = (await runtime.start(spec('x', command)).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )) as Error | undefined;
      return error?.message;
    }),

  /** What a container can write in a read-only folder with mounts below it. */
  machineFolder: () =>
    withRuntime(async ({ runtime, folder, spec, log }) => {
      const top = join(folder, 'machine');
      for (const path of [join(top, 'below'), join(top, 'below', 'deep')]) {
        mkdirSync(path, { recursive: true });
        execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path]);
      }
      try {
        const script = 'for d in . below below/deep; do (: >/m/$d/x) 2>/dev/null || echo "$d: refused"; done';
        const mounts = [{ hostPath: top, containerPath: '/m', readOnly: true, recursiveReadOnly: true }];
        await (
          await runtime.start(spec('x', ['sh', '-c', script], { mounts }))
        ).exit;
        return log('x').replace('.:', 'top:');
      } finally {
        for (const path of ['below/deep', 'below']) execFileSync('umount', [join(top, path)]);
      }
    }),

  missingVolume: () =>
    withRuntime(async ({ runtime, spec }) => {
      const mounts = [{ hostPath: '/nonexistent-volume', containerPath: '/data', readOnly: true }];
      const error = await runtime.start(spec('x', ['true'], { mounts })).catch((thrown: unknown) => thrown);
      return (error as Error).message;
    }),

  signals: () =>
    withRuntime(async ({ runtime, spec, log }) => {
      const polite = await runtime.start(
        spec('polite', ['bash', '-c', 'trap "echo bye; exit 5" TERM; echo on; while :; do sleep 0.05; done']),
      );
      while (!log('polite').includes('on')) await systemClock.sleep(5);
      polite.signal('SIGTERM');
      const first = await polite.exit;
      // The first process of a PID namespace ignores what it has no handler for, and its children die with it.
      const stubborn = await runtime.start(spec('stubborn', ['sh', '-c', 'sleep 1000 & sleep 1000']));
      stubborn.signal('SIGTERM');
      stubborn.signal('SIGKILL');
      const second = await stubborn.exit;
      return { polite: first.exitCode, log: log('polite'), stubborn: { code: second.exitCode, signal: second.signal } };
    }),

  exec: (request: Partial<ExecRequest> & { command: string[] }, input: string | null) =>
    withRuntime(async ({ runtime, spec }) => {
      const env = [
        { name: 'PATH', value: '/usr/bin:/bin:/usr/sbin:/sbin' },
        { name: 'FROM_POD', value: 'yes' },
      ];
      const handle = await runtime.start(spec('x', ['sleep', '1000'], { env, workingDir: '/tmp' }));
      const session = await handle.exec({ stdin: input !== null, stdout: true, stderr: true, tty: false, ...request });
      let stdout = '';
      let stderr = '';
      session.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      session.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      session.resize({ width: 100, height: 30 });
      if (input !== null) session.stdin?.[request.tty === true ? 'write' : 'end'](input);
      const end = await session.exitCode.then(
        (code) => ({ code }),
        (error: Error) => ({ refused: error.message }),
      );
      return { ...end, stdout, stderr };
    }),

  terminal: (wanted: Dialogue) =>
    withRuntime(async ({ runtime, spec, log }) => {
      const user = { supplementalGroups: [], ...(wanted.uid === undefined ? {} : { uid: wanted.uid }) };
      const env = Object.entries({ PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...wanted.env }).map(([name, value]) => ({
        name,
        value,
      }));
      const more = { user, env };
      const request = { stdin: true, stdout: true, stderr: false, tty: true };
      const isContainer = wanted.as === 'container';
      const handle = await runtime.start(
        isContainer
          ? spec('x', wanted.command, { ...more, stdin: true, stdinOnce: true, tty: true })
          : spec('x', ['sleep', '1000'], more),
      );
      const session = isContainer ? handle.attach(request) : await handle.exec({ ...request, command: wanted.command });
      let shown = '';
      session.stdout?.setEncoding('latin1');
      session.stdout?.on('data', (text: string) => (shown += text));
      let from = 0;
      for (const { when, type, resize } of wanted.steps) {
        let at = -1;
        while ((at = shown.indexOf(when, from)) === -1) await systemClock.sleep(5);
        from = at + when.length;
        if (resize !== undefined) session.resize(resize);
        session.stdin?.write(type);
      }
      const code = await session.exitCode;
      return { code, shown, log: isContainer ? log('x') : undefined };
    }),

  lateReader: (script: string) =>
    withRuntime(async ({ runtime, folder, spec }) => {
      const mounts = [{ hostPath: folder, containerPath: '/told', readOnly: false }];
      const handle = await runtime.start(spec('x', ['sleep', '1000'], { mounts }));
      const command = ['bash', '-c', `${script}; echo $? >/told/done; exit 3`];
      const session = await handle.exec({ command, stdin: false, stdout: true, stderr: false, tty: true });
      while (!existsSync(join(folder, 'done'))) await systemClock.sleep(5);
      let text = '';
      for await (const chunk of session.stdout as AsyncIterable<Buffer>) text += chunk.toString();
      return { code: await session.exitCode, bytes: text.length, end: text.slice(-9) };
    }),

  /** Ends commands before their container: by name of what runs, on pipes and on a terminal. */
  killed: (script: string) =>
    withRuntime(async ({ runtime, spec }) => {
      const handle = await runtime.start(spec('x', ['sleep', '1000']));
      const codes: number[] = [];
      for (const [tty, stdin] of [
        [false, false],
        [false, true],
        [true, true],
      ] as const) {
        const request = { command: ['sh', '-c', `echo on; ${script}`], stdin, stdout: true, stderr: !tty, tty };
        const session = await handle.exec(request);
        await once(session.stdout as Readable, 'data');
        session.kill();
        codes.push(await session.exitCode);
      }
      handle.signal('SIGKILL');
      return { codes, container: (await handle.exit).exitCode };
    }),

  /** How many processes of a container in the node's PID namespace are left after it has ended. */
  leftInNode: () =>
    withRuntime(async ({ runtime, spec }) => {
      const script = 'setsid sleep 98761 & (setsid sleep 98762 &); exec sleep 98763';
      const handle = await runtime.start(spec('x', ['sh', '-c', script], { hostPid: true }));
      const command = ['sh', '-c', 'setsid sleep 98764 >/dev/null 2>&1 & echo on'];
      await (
        await handle.exec({ command, stdin: false, stdout: false, stderr: false, tty: false })
      ).exitCode;
      const count = () => processes().filter((words) => words.split('\0')[1]?.startsWith('9876')).length;
      while (count() < 4) await systemClock.sleep(5);
      handle.signal('SIGKILL');
      return { code: (await handle.exit).exitCode, left: count() };
    }),

  user: () =>
    withRuntime(async ({ runtime, spec, log }) => {
      const user = { uid: 1234, gid: 2345, supplementalGroups: [3456] };
      const handle = await runtime.start(
        spec('x', ['sh', '-c', 'id -u; id -g; id -G; echo x > /dev/stderr'], { user }),
      );
      await handle.exit;
      return { canChangeUser: runtime.canChangeUser, log: log('x') };
    }),

  many: (count: number) =>
    withRuntime(async ({ runtime, spec }) => {
      const all = Array.from({ length: count }, (_, index) => runtime.start(spec(`c${index}`, ['sleep', '1000'])));
      const handles = await Promise.all(all);
      return new Set(handles.map(({ pid }) => pid)).size;
    }),
});
