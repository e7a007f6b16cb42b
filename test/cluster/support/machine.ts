import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { outputOf } from '../../clients/install/programs.ts';
import { eventually } from '../../support/test-lab.ts';

/** The words before a command. */
export type Words = readonly [program: string, ...args: string[]];

/** Namespaces in which programs run: their network, mounts and processes are nobody else's. */
export interface Machine {
  /** Process 1 inside, as this machine numbers it. */
  readonly pid: number;
  /** The words before a command that run it inside. Once the machine is gone they fail. */
  readonly enter: Words;
  /** The same for the network alone: files and processes stay those of this machine. */
  readonly enterNetwork: Words;
  /** Runs a shell script inside to its end and answers what it prints; throws with its messages when it fails. */
  script(text: string, ...words: readonly string[]): Promise<string>;
  /** A machine in this one that shares its network and can be switched off alone. */
  startInner(): Promise<InnerMachine>;
}

/** A machine in another one. */
export interface InnerMachine extends Machine {
  /** Ends all processes inside at once, and their mounts with them; done when they are gone. */
  powerOff(): Promise<void>;
}

/** A machine whose end also takes the folder and the control groups that were made for it. */
export interface KeptMachine extends Machine, AsyncDisposable {
  /** The name of its control group, below the root of each hierarchy. */
  readonly cgroup: string;
}

/**
 * Starts a machine. It ends, with everything in it, `folder` and its control groups, when it is disposed or this process ends,
 * by whatever means (see keeper.sh).
 */
export async function startMachine(folder: string): Promise<KeptMachine> {
  await outputOf('sh', ['-c', SWEEP]);
  const cgroup = `keyferry-${process.pid}-${started++}`;
  const keeper = spawn('sh', [fileURLToPath(new URL('keeper.sh', import.meta.url)), folder, cgroup], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A session of its own: Ctrl-C at the terminal is for the starter, and the keeper cleans up after that.
    detached: true,
  });
  const ended = once(keeper, 'close');
  const stop = async () => {
    keeper.stdin.end();
    await ended;
  };
  try {
    const [line] = (await once(createInterface(keeper.stdout), 'line')) as [string];
    const machine = createMachine(await processOne(Number(line)));
    return { ...machine, cgroup, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

let started = 0;

/** Takes the control groups whose keeper was killed before it could, known by the process id of its starter. */
const SWEEP = `
for group in /sys/fs/cgroup/keyferry-*-* /sys/fs/cgroup/*/keyferry-*-*; do
  [ -d "$group" ] || continue
  starter=\${group##*/keyferry-}
  [ -d "/proc/\${starter%-*}" ] || find "$group" -depth -type d -exec rmdir {} +
done
`;

function createMachine(pid: number): Machine {
  const enter: Words = ['nsenter', '--target', `${pid}`, '--net', '--mount', '--pid', '--'];
  return {
    pid,
    enter,
    enterNetwork: ['nsenter', `--net=/proc/${pid}/ns/net`, '--'],
    script: (text, ...words) => outputOf('nsenter', [...enter.slice(1), 'sh', '-euc', text, 'sh', ...words]),
    startInner: () => startInner(enter),
  };
}

async function startInner(enter: Words): Promise<InnerMachine> {
  const own = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const [program, ...args] = [...enter, ...own, 'sh', '-c', 'trap "" CHLD; exec sleep infinity'];
  // util-linux 2.38 says "sigprocmask unblock failed" when its child was killed, which is how a machine is switched off.
  const outer = spawn(program, args, { stdio: 'ignore', detached: true });
  const ended = once(outer, 'close');
  const pid = await processOne(await onlyChild(outer.pid as number));
  return {
    ...createMachine(pid),
    async powerOff() {
      process.kill(pid, 'SIGKILL');
      await ended;
    },
  };
}

/** The child of an `unshare`: process 1 inside, once it has made its namespaces and become the program that stays. */
async function processOne(unshare: number): Promise<number> {
  const child = await onlyChild(unshare);
  await eventually('process 1 of a machine', () =>
    Promise.resolve(readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'sleep' ? { found: child } : { seen: '' }),
  );
  return child;
}

function onlyChild(pid: number): Promise<number> {
  return eventually(`a child of process ${pid}`, () => {
    const child = Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), 10);
    return Promise.resolve(Number.isNaN(child) ? { seen: 'none' } : { found: child });
  });
}
