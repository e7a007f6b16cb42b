import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, statSync } from 'node:fs';
import { backoffMs, errorText, type Clock, type Log, type LogFields, type Random } from '#base';
import { machineTime } from '#lab/clock';
import type { ProcessTime } from './timekeeper.ts';

/** How `keyferry node` is run for one cluster. */
export interface NodeProcessOptions {
  /** The program, and its flags as a cluster's DaemonSet would give them. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  /** What keeps it in the lab's time; without it, it is in the machine's. Let go of when the process has ended. */
  readonly time?: ProcessTime | undefined;
  readonly logFile: string;
  /** Exists once the process has registered itself with the kubelet. */
  readonly registrationSocket: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A `keyferry node` that is started again when it ends. Disposing it lets it drain, then ends it. */
export interface NodeProcess extends AsyncDisposable {
  readonly state: 'starting' | 'running' | 'restarting';
}

// The pauses grow for a process that fails at start. One that had registered was well, and is started again quickly.
const RESTART = { initialMs: 100, maxMs: 10_000, jitter: 0.2 } as const;
const STOP_WITHIN_MS = 3000;

/** Starts the production node process, unmodified, as a child. Answers at once; `state` tells how far it is. */
export function startNodeProcess(options: NodeProcessOptions): NodeProcess {
  const { clock, random, log } = options;
  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  let restarts = 0;
  // A killed process leaves its socket behind: what counts is one that was not there before the start.
  let leftSocket: string | undefined;
  const hasRegistered = () => {
    const socket = identityOf(options.registrationSocket);
    return socket !== undefined && socket !== leftSocket;
  };

  /** Runs it once; answers how it ended. A machine without a descriptor or a process left for it is such an end too. */
  const run = async (): Promise<LogFields> => {
    try {
      child = launch(options);
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      return { code, signal };
    } catch (error) {
      return { error: errorText(error) };
    }
  };
  const keepRunning = async () => {
    while (!stopping.signal.aborted) {
      leftSocket = identityOf(options.registrationSocket);
      const ended = await run();
      child = undefined;
      if (stopping.signal.aborted) return;
      restarts = hasRegistered() ? 1 : restarts + 1;
      log.warn('The node process ended; starting it again', { ...ended, restarts, logFile: options.logFile });
      await clock.sleep(backoffMs(RESTART, restarts, random), { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = keepRunning();
  return {
    get state() {
      if (child === undefined) return 'restarting';
      return hasRegistered() ? 'running' : 'starting';
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      const last = child;
      if (last !== undefined) {
        last.kill('SIGTERM');
        await Promise.race([running, machineTime(clock).sleep(STOP_WITHIN_MS)]);
        last.kill('SIGKILL');
      }
      await running;
      options.time?.[Symbol.dispose]();
    },
  };
}

/** Tells a file from another one of the same name. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.ino}:${found.birthtimeMs}`;
}

function launch({ command: [program, ...args], env, time, logFile }: NodeProcessOptions): ChildProcess {
  time?.begin();
  const child = spawn(program, args, { env: { ...env, ...time?.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.on('error', () => undefined); // told to whoever waits for its end
  const file = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  // A full disk costs lines of the log, not the lab.
  file.on('error', () => child.stdout.resume() && child.stderr.resume());
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  child.on('close', () => file.end());
  return child;
}
