import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { errorText, KeyferryError, linkSignals, type Clock } from '#base';
import { createControlClient, type ControlClient } from './control-client.ts';
import { checkNamespaces, planNamespaces } from './namespaces.ts';
import { executable } from './package-root.ts';
import { readEndpoint, type StateFolder } from './state-folder.ts';

/** How the lab's process is started. */
export interface LaunchOptions {
  readonly folder: StateFolder;
  readonly ephemeral: boolean;
  readonly allowInternet: boolean;
  /** The lab goes on when this process ends; otherwise it ends with it, also when this process is killed. */
  readonly detached: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** A lab that runs in a process of its own. */
export interface LaunchedLab {
  readonly gatewayPort: number;
  readonly control: ControlClient;
  /** The exit code of the lab's process. */
  readonly ended: Promise<number>;
  /** Ends the lab and resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

/** The line that the lab's process writes on descriptor 3 once it serves, or instead of it what went wrong. */
export type ReadyMessage =
  | { readonly ready: true; readonly gatewayPort: number }
  | { readonly ready: false; readonly code: string; readonly message: string; readonly hint?: string };

/**
 * Starts `keyferry lab-daemon` in namespaces of its own and answers when it serves. Throws what the lab's process said
 * when it could not start, and `failed-precondition` where there can be no namespaces or no state folder.
 */
export async function launchLab(options: LaunchOptions): Promise<LaunchedLab> {
  try {
    return await launch(options);
  } catch (error) {
    if (options.ephemeral) await rm(options.folder.root, { recursive: true, force: true });
    throw error;
  }
}

async function launch(options: LaunchOptions): Promise<LaunchedLab> {
  const { folder, clock } = options;
  const plan = planNamespaces(process.getuid?.() ?? 0);
  const log = openLog(folder);
  const child = spawn(
    plan.command,
    [
      ...plan.args,
      process.execPath,
      executable(),
      'lab-daemon',
      `--state=${folder.root}`,
      ...(options.ephemeral ? ['--ephemeral'] : []),
      ...(options.allowInternet ? ['--allow-internet'] : []),
      ...(options.detached ? [] : ['--end-with-stdin']),
    ],
    {
      env: options.env,
      // A group of its own: Ctrl-C reaches the command and the person's `keyferry`, which ends the lab in order.
      detached: true,
      stdio: [options.detached ? 'ignore' : 'pipe', log, log, 'pipe'],
    },
  );
  closeSync(log);
  const ended = once(child, 'exit').then(([code, signal]) => (code as number | null) ?? (signal === null ? 0 : 128));
  ended.catch(() => undefined);
  const waiting = linkSignals(options.signal);
  const ready = await Promise.race([
    readyMessage(child),
    clock.sleep(READY_WITHIN_MS, { signal: waiting.signal }).then(() => undefined),
  ])
    .catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    })
    .finally(() => waiting.abort());
  if (ready === undefined) {
    child.kill('SIGKILL');
    // The lab did not come so far as to say why: most likely the namespaces were refused.
    await checkNamespaces(plan);
    throw new KeyferryError('unavailable', 'the lab did not start', { hint: `Its log is ${folder.logFile}.` });
  }
  if (!ready.ready) {
    await ended;
    throw new KeyferryError('failed-precondition', ready.message, ready.hint === undefined ? {} : { hint: ready.hint });
  }
  const endpoint = await readEndpoint(folder);
  if (endpoint === undefined) throw new KeyferryError('internal', `the lab wrote no ${folder.endpointFile}`);
  if (options.detached) release(child);
  const control = createControlClient(endpoint);
  return {
    gatewayPort: ready.gatewayPort,
    control,
    ended,
    async stop() {
      child.stdin?.end();
      await control.stop().catch(() => undefined);
      const forced = new AbortController();
      const limit = clock.sleep(STOP_WITHIN_MS, { signal: forced.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
      await ended;
      forced.abort();
      await limit;
      if (options.ephemeral) await rm(folder.root, { recursive: true, force: true });
    },
  };
}

/** Makes the state folder and opens the lab's log in it. Throws `failed-precondition` where the machine refuses. */
function openLog(folder: StateFolder): number {
  try {
    mkdirSync(folder.root, { recursive: true, mode: 0o700 });
    return openSync(folder.logFile, 'a', 0o600);
  } catch (cause) {
    throw new KeyferryError('failed-precondition', `the state folder cannot be written: ${errorText(cause)}`, {
      cause,
      hint: 'Name another with --state DIR, or keep nothing with --ephemeral.',
    });
  }
}

async function readyMessage(child: ChildProcess): Promise<ReadyMessage | undefined> {
  const lines = createInterface({ input: child.stdio[3] as Readable });
  const first = new Promise<ReadyMessage | undefined>((resolve) => {
    lines.once('line', (line) => resolve(JSON.parse(line) as ReadyMessage));
    lines.once('close', () => resolve(undefined));
  });
  // A program that cannot be started says no line either; why is found out by trying it.
  child.once('error', () => lines.close());
  return first;
}

/** Lets this process end while the child goes on. */
function release(child: ChildProcess): void {
  (child.stdio[3] as Readable).destroy();
  child.unref();
}
