import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { backoffMs, type Clock, type Log, type Random } from '#base';
import { executable } from './package-root.ts';

/** How `keyferry node` is run for one cluster. */
export interface NodeProcessOptions {
  /** Flags as a cluster's DaemonSet would give them. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
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

const RESTART = { initialMs: 250, maxMs: 10_000, jitter: 0.2 } as const;
const STOP_WITHIN_MS = 3000;
/** A process that lived this long did not fail at start: its next restart is quick again. */
const HEALTHY_AFTER_MS = 30_000;

/** Starts the production node process, unmodified, as a child. Answers at once; `state` tells how far it is. */
export function startNodeProcess(options: NodeProcessOptions): NodeProcess {
  const { clock, random, log } = options;
  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  let restarts = 0;

  const keepRunning = async () => {
    while (!stopping.signal.aborted) {
      const startedMs = clock.monotonic();
      child = launch(options);
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      child = undefined;
      if (stopping.signal.aborted) return;
      restarts = clock.monotonic() - startedMs > HEALTHY_AFTER_MS ? 1 : restarts + 1;
      log.warn('The node process ended; starting it again', { code, signal, restarts, logFile: options.logFile });
      await clock.sleep(backoffMs(RESTART, restarts, random), { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = keepRunning();
  return {
    get state() {
      if (child === undefined) return 'restarting';
      return existsSync(options.registrationSocket) ? 'running' : 'starting';
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      const last = child;
      if (last !== undefined) {
        last.kill('SIGTERM');
        await Promise.race([running, clock.sleep(STOP_WITHIN_MS)]);
        last.kill('SIGKILL');
      }
      await running;
    },
  };
}

function launch({ args, env, logFile }: NodeProcessOptions): ChildProcess {
  const child = spawn(process.execPath, [executable(), 'node', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  child.on('close', () => file.end());
  return child;
}
