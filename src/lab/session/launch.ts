import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { abortReason, errorText, KeyferryError, linkSignals, type Clock } from '#base';
import type { CloudOnly } from './cloud-only.ts';
import { createControlClient, type ControlClient } from './control-client.ts';
import { checkNamespaces, planNamespaces } from './namespaces.ts';
import { executable } from './package-root.ts';
import { foreignContent } from './foreign-content.ts';
import { makeFolders } from './make-folders.ts';
import { readEndpoint, removeEndpoint, requireOwnFolder, type StateFolder } from './state-folder.ts';

/** How the lab's process is started. */
export interface LaunchOptions {
  readonly folder: StateFolder;
  readonly ephemeral: boolean;
  readonly allowInternet: boolean;
  /** Azure's side only, without namespaces; default: with clusters. */
  readonly cloudOnly?: CloudOnly | undefined;
  /** The lab goes on when this process ends; otherwise it ends with it, also when this process is killed. */
  readonly detached: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Gives the start up: what was begun is ended, and nothing of it stays. */
  readonly signal?: AbortSignal;
}

/** A lab that runs in a process of its own. */
export interface LaunchedLab {
  readonly gatewayPort: number;
  readonly control: ControlClient;
  /** The exit code of the lab's process. */
  readonly ended: Promise<number>;
  /** Ends the lab and resolves when nothing of it runs any more. When `force` aborts, it is killed instead of asked. */
  stop(options?: { readonly force?: AbortSignal | undefined }): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;

/** The line that the lab's process writes on descriptor 3 once it serves, or instead of it what went wrong. */
export type ReadyMessage =
  | { readonly ready: true; readonly gatewayPort: number }
  | { readonly ready: false; readonly code: string; readonly message: string; readonly hint?: string };

/**
 * Starts `keyferry lab-daemon`, unless it is `cloudOnly` in namespaces of its own, and answers when it serves. Throws what the lab's process said
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
  if (options.signal?.aborted) throw abortReason(options.signal);
  const plan = options.cloudOnly === undefined ? planNamespaces(process.getuid?.() ?? 0) : undefined;
  const log = openLog(folder);
  const [program, ...args] = [...(plan === undefined ? [] : [plan.command, ...plan.args]), process.execPath] as const;
  const child = spawn(
    program,
    [
      ...args,
      executable(),
      'lab-daemon',
      `--state=${folder.root}`,
      ...(options.ephemeral ? ['--ephemeral'] : []),
      ...(options.allowInternet ? ['--allow-internet'] : []),
      ...(options.cloudOnly === undefined ? [] : [`--cloud-only=${JSON.stringify(options.cloudOnly)}`]),
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
  // The lab's process holds the other end: when it is closed, neither it nor the unshare before it can write any more.
  const gone = once(child.stdio[3] as Readable, 'close');
  gone.catch(() => undefined);
  /** Kills the lab, and waits until it is dead: what removes its folder must come after its last write. */
  const kill = async () => {
    child.stdin?.destroy();
    child.kill('SIGKILL');
    const limit = new AbortController();
    await Promise.race([gone, ended.catch(() => gone), clock.sleep(STOP_WITHIN_MS, { signal: limit.signal })]).catch(
      () => undefined,
    );
    limit.abort();
  };
  const waiting = linkSignals(options.signal);
  const ready = await Promise.race([
    readyMessage(child),
    clock.sleep(READY_WITHIN_MS, { signal: waiting.signal }).then(() => undefined),
  ])
    .catch(async (error: unknown) => {
      await kill();
      await removeEndpoint(folder);
      throw error;
    })
    .finally(() => waiting.abort());
  if (ready === undefined) {
    await kill();
    // The lab did not come so far as to say why: most likely the namespaces were refused.
    if (plan !== undefined) await checkNamespaces(plan);
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
    async stop({ force } = {}) {
      child.stdin?.end();
      const asked = linkSignals(force);
      const limit = clock.sleep(STOP_WITHIN_MS, { signal: asked.signal }).catch(() => undefined);
      await Promise.race([
        control.stop().then(
          () => ended,
          () => ended,
        ),
        limit,
      ]);
      if (child.exitCode === null && child.signalCode === null) {
        await kill();
        await removeEndpoint(folder);
      }
      asked.abort();
      await limit;
      if (options.ephemeral) await rm(folder.root, { recursive: true, force: true });
    },
  };
}

/** Makes the state folder and opens the lab's log in it. Throws `failed-precondition` where it is not for a lab, or the machine refuses. */
function openLog(folder: StateFolder): number {
  try {
    makeFolders(folder.root, 0o700);
    requireOwnFolder(folder);
    const foreign = foreignContent(folder);
    if (foreign !== undefined) {
      throw new KeyferryError('failed-precondition', `${folder.root} is no lab's folder: it holds ${foreign}`, {
        hint: 'Name a new or an empty folder with --state DIR: all that is in a lab’s folder is the lab’s.',
      });
    }
    return openSync(folder.logFile, 'a', 0o600);
  } catch (cause) {
    if (cause instanceof KeyferryError) throw cause;
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
