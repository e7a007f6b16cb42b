import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { errorText, KeyferryError, type Clock, type Log } from '#base';
import { machineTime } from '#lab/clock';
import { openLogWriter } from './cri-log.ts';
import { splitEnvironment } from './environment.ts';
import { createContainerStreams } from './container-streams.ts';
import { startExec } from './exec.ts';
import { DEVICES, machineDevices, readHostRoot, type HostRoot } from './host-root.ts';
import { knownImage } from './images.ts';
import { ensureOwnProc, inspectMachine, type Machine } from './machine.ts';
import { readMounts } from './mount-table.ts';
import { planRoot, type RootPlan } from './root-plan.ts';
import {
  ContainerStartError,
  type ContainerExit,
  type ContainerHandle,
  type ContainerRuntime,
  type ContainerSpec,
} from './runtime.ts';
import { createSlots } from '../slots.ts';
import { isShared, renderLaunchScript } from './scripts.ts';
import { firstChild, startOnPipes, startOnTerminal } from './container-start.ts';
import { killMountNamespace, mountNamespaceOf } from './signals.ts';
import { mountTerminals, unmountTerminals } from './terminals.ts';

const run = promisify(execFile);
/** How many containers are set up at once; the others wait, where all together would only be in each other's way. */
const STARTS_AT_ONCE = 8;
/** How many are cleaned up at once: nobody waits for it. */
const ENDS_AT_ONCE = 2;
/** How long to wait for killed processes to be gone before looking again. */
const KILL_PAUSE_MS = 5;
/** What OCI runtimes make read-only in /proc. */
const KERNEL_SETTINGS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** What {@link createProcessRuntime} needs. */
export interface ProcessRuntimeOptions {
  /** A folder of its own, on a disk; it is created, mode 0700. Nothing in it is secret but the pods' file names. */
  readonly stateDir: string;
  /** Folders of the machine that containers must not see: homes, the lab's state. */
  readonly hiddenPaths: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Containers as processes of this machine in private mount, PID, UTS and IPC namespaces, with a root assembled from the
 * machine's own folders, as root or as the root of a user namespace. The caller runs in a private mount namespace and a
 * private PID namespace, so that nothing outlives it. Throws `failed-precondition` when the machine does not allow it.
 */
export async function createProcessRuntime(options: ProcessRuntimeOptions): Promise<ContainerRuntime> {
  const { stateDir, clock, log } = options;
  const machine = await inspectMachine();
  await ensureOwnProc(machine);
  await rm(join(stateDir, 'containers'), { recursive: true, force: true });
  const root = join(stateDir, 'root');
  const skeleton = join(stateDir, 'skeleton');
  for (const folder of [root, join(stateDir, 'containers')]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const host = readHostRoot([...options.hiddenPaths, stateDir]);
  await writeSkeleton(skeleton, host);
  const abilities = await probe(machine, root);
  const running = new Map<string, ContainerHandle>();
  const starts = createSlots(STARTS_AT_ONCE);
  const ends = createSlots(ENDS_AT_ONCE);

  const setUp = async (spec: ContainerSpec): Promise<ContainerHandle> => {
    const folder = join(stateDir, 'containers', spec.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const terminals = join(folder, 'pts');
    await mountTerminals(machine.programs, terminals);
    const cleanUp = async (): Promise<void> => {
      await ends.run(() => unmountTerminals(machine.programs, terminals)).catch(() => undefined);
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    };
    try {
      const handle = await assemble(spec, folder, terminals);
      const exit = handle.exit.then(async (end) => {
        await cleanUp();
        running.delete(spec.id);
        return end;
      });
      running.set(spec.id, { ...handle, exit });
      log.debug('Container started', { container: spec.id, pid: handle.pid });
      return { ...handle, exit };
    } catch (error) {
      await cleanUp();
      throw error;
    }
  };

  const assemble = async (spec: ContainerSpec, folder: string, terminals: string): Promise<ContainerHandle> => {
    const plan = planRoot({
      host,
      root,
      scratch: folder,
      terminals,
      mounts: spec.mounts,
      devices: spec.privileged ? machineDevices() : [],
      mayUseDevices: spec.privileged,
      isFile: (path) => !(statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true),
      hostMounts: readMounts(),
      shielded: machine.inUserNamespace ? [] : KERNEL_SETTINGS.filter((path) => existsSync(path)),
      ...abilities,
    });
    await writeShadows(plan);
    const fstabPath = join(folder, 'fstab');
    await writeFile(fstabPath, `${plan.fstab.join('\n')}\n`, { mode: 0o600 });
    const env = splitEnvironment(spec.env);
    const script = renderLaunchScript({
      programs: machine.programs,
      root,
      skeleton,
      fstabPath,
      plan,
      spec,
      canChangeUser: machine.canChangeUser,
      carriers: env.carriers,
    });
    return launch({ machine, clock, folder, terminals, spec, script, env: env.direct });
  };

  return {
    name: 'keyferry-process',
    version: '1',
    canChangeUser: machine.canChangeUser,
    imageFacts: knownImage,
    describeRoot: (image) =>
      `The container's root is this machine's own ${host.binds.join(', ')} (read-only) with a private /tmp, /run, /var and /home; ` +
      `the image ${image} is not pulled.`,
    start: (spec) => starts.run(() => setUp(spec)),
    [Symbol.asyncDispose]: async () => {
      const last = [...running.values()];
      for (const handle of last) handle.signal('SIGKILL');
      await Promise.all(last.map((handle) => handle.exit));
    },
  };
}

async function launch(input: {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly folder: string;
  readonly terminals: string;
  readonly spec: ContainerSpec;
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<ContainerHandle> {
  const { machine, clock, folder, terminals, spec } = input;
  const { unshare, sh } = machine.programs;
  const flags = [
    '--mount',
    // what the node mounts later is to reach the container, and the other way only where that is asked for
    `--propagation=${isShared(spec) ? 'unchanged' : 'slave'}`,
    '--uts',
    ...(spec.hostIpc === true ? [] : ['--ipc']),
    ...(spec.hostPid === true ? [] : ['--pid']),
    '--fork',
    '--kill-child=SIGKILL',
    '--',
  ];
  const command = [unshare, ...flags, sh, '-c', input.script, 'container', ...spec.command] as const;
  const logWriter = await openLogWriter(spec.logPath, clock);
  const started =
    spec.tty === true
      ? await startOnTerminal({ machine, folder, terminals, command, env: input.env, stdin: spec.stdin })
      : await startOnPipes({ folder, command, env: input.env, stdin: spec.stdin });
  const streams = createContainerStreams({ ...started.ends, stdinOnce: spec.stdinOnce ?? false }, logWriter);
  let isOver = false;
  const words = createLaunchReport(started.status);
  const ready = await words.ready;
  started.handOver();
  const startedAtMs = clock.now();
  const reported = finished(started.status, { writable: false }).catch(() => undefined);
  const outer = spec.hostPid === true ? await started.launcher() : undefined;
  const space = outer === undefined ? undefined : mountNamespaceOf(outer);
  const exit = started.ended.then(async (end): Promise<ContainerExit> => {
    isOver = true;
    const finishedAtMs = clock.now();
    // The end of process 1 of a PID namespace is the end of all; without one, a container is known by its mounts.
    if (space !== undefined) await endMountNamespace(space, clock);
    await Promise.all([streams.finished, reported]);
    await logWriter.close();
    // unshare(1) of util-linux 2.38 cannot end itself by SIGKILL as its child did; it complains and exits with 1.
    const killed = end.exitCode === 1 && /^unshare: /m.test(words.text());
    return { ...(killed ? { exitCode: 137, signal: 9 } : end), startedAtMs, finishedAtMs };
  });
  if (!ready) {
    started.ends.stdin?.destroy();
    await exit;
    throw startError(words.text());
  }
  const launcher = await started.launcher();
  const pid = await firstChild(launcher);
  const handle: ContainerHandle = {
    id: spec.id,
    pid: pid ?? 0,
    startedAtMs,
    exit,
    signal: (name) => {
      if (isOver) return;
      try {
        if (pid !== undefined) process.kill(pid, name);
        else if (name === 'SIGKILL' && launcher !== undefined) process.kill(launcher, name);
      } catch {
        // It ended in this instant: that is what was wanted.
      }
    },
    exec: (request) => startExec({ machine, clock, spec, folder, terminals, pid: pid ?? 0 }, request),
    attach: (request) => streams.attach(request, exit),
  };
  return handle;
}

async function endMountNamespace(namespace: string, clock: Clock): Promise<void> {
  while (killMountNamespace(namespace)) await machineTime(clock).sleep(KILL_PAUSE_MS);
}

/** What the launch script and unshare(1) say. The pipe stays open, or their last words would end them by SIGPIPE. */
function createLaunchReport(status: Readable): { readonly ready: Promise<boolean>; text(): string } {
  let text = '';
  const ready = new Promise<boolean>((resolve) => {
    status.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (/(?:^|\n)ready\n/.test(text)) resolve(true);
    });
    status.once('close', () => resolve(false));
  });
  return { ready, text: () => text };
}

function startError(report: string): ContainerStartError {
  const failure = /^fail \d+ (.*)$/m.exec(report);
  const trouble = report
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('fail ') && !line.includes('dmesg(1)'));
  const reason = failure?.[1] ?? 'the container ended before its command ran';
  const detail = trouble.length === 0 ? '' : `: ${trouble.join('; ')}`;
  return new ContainerStartError(
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ' +
      `unable to start container process: error during container init: ${reason}${detail}: unknown`,
  );
}

async function writeSkeleton(skeleton: string, host: HostRoot): Promise<void> {
  await rm(skeleton, { recursive: true, force: true });
  await mkdir(skeleton, { recursive: true, mode: 0o755 });
  for (const folder of host.binds) await mkdir(join(skeleton, folder), { recursive: true });
  for (const [folder, mode] of host.folders) {
    await mkdir(join(skeleton, folder), { recursive: true });
    await chmod(join(skeleton, folder), mode);
  }
  for (const [path, target] of host.links) await symlink(target, join(skeleton, path));
  for (const device of DEVICES) await writeFile(join(skeleton, 'dev', device), '');
}

async function writeShadows(plan: RootPlan): Promise<void> {
  for (const shadow of plan.shadows) {
    await mkdir(shadow.standIn, { recursive: true });
    for (const folder of shadow.folders) await mkdir(join(shadow.standIn, folder), { recursive: true });
    for (const file of shadow.files) {
      await mkdir(join(shadow.standIn, file, '..'), { recursive: true });
      await writeFile(join(shadow.standIn, file), '');
    }
    for (const [path, target] of shadow.links) await symlink(target, join(shadow.standIn, path));
  }
}

/** Tries what this machine's kernel and its outer containers allow: each answer is a fact, not a guess by version. */
async function probe(
  { programs }: Machine,
  root: string,
): Promise<{ freshProc: boolean; freshSys: boolean; overlay: boolean }> {
  const trial = `t() { ${programs.mount} "$@" "$R" 2>/dev/null && echo yes || echo no; }
    t -t proc proc; t -t sysfs sysfs; t -t overlay -o ro,lowerdir=/usr/bin:/etc overlay`;
  try {
    const flags = ['--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child', '--'];
    const { stdout } = await run(programs.unshare, [...flags, programs.sh, '-c', trial], {
      env: { R: root },
      timeout: 10_000,
    });
    const [proc, sys, overlay] = stdout.split('\n');
    return { freshProc: proc === 'yes', freshSys: sys === 'yes', overlay: overlay === 'yes' };
  } catch (error) {
    throw new KeyferryError('failed-precondition', `namespaces cannot be made here: ${errorText(error)}`, {
      cause: error,
      hint: 'Run as root, or allow unprivileged user namespaces (kernel.unprivileged_userns_clone, AppArmor).',
    });
  }
}
