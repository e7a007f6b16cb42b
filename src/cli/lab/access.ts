import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { errorText, KeyferryError, systemClock } from '#base';
import {
  createControlClient,
  defaultStateRoot,
  launchLab,
  readEndpoint,
  stateFolder,
  type CloudOnly,
  type ControlClient,
  type LabStatus,
  type LaunchedLab,
  type StateFolder,
} from '#lab/session';
import { withProgress } from '../progress.ts';
import type { Terminal } from '../terminal.ts';

/** The options that each `lab` command has. */
export interface LabPlace {
  readonly state?: string;
  readonly ephemeral?: boolean;
}

/** Which state folder a command means; throws `invalid-input` for an empty name. An ephemeral lab gets a new one in memory (or in the temporary folder). */
export function placeOf(place: LabPlace, terminal: Terminal): StateFolder {
  if (place.ephemeral === true) {
    return stateFolder(newFolder([terminal.env['XDG_RUNTIME_DIR'], '/dev/shm', tmpdir()]));
  }
  if (place.state === '') {
    throw new KeyferryError('invalid-input', '--state names no folder', {
      hint: 'Is the variable in it empty? Without --state it is the default folder.',
    });
  }
  // An empty variable is as none: resolved, it would be the working directory.
  const fromEnv = terminal.env['KEYFERRY_STATE'] === '' ? undefined : terminal.env['KEYFERRY_STATE'];
  return stateFolder(resolve(place.state ?? fromEnv ?? defaultStateRoot(terminal.env)));
}

/** A new folder in the first of the places that takes one: some are absent, read-only or somebody else's. */
function newFolder(places: readonly (string | undefined)[]): string {
  const refusals: string[] = [];
  for (const place of places) {
    if (place === undefined || place === '') continue;
    try {
      return mkdtempSync(join(place, 'keyferry-'));
    } catch (error) {
      refusals.push(errorText(error));
    }
  }
  throw new KeyferryError('failed-precondition', `no folder can be made for the lab: ${refusals.join('; ')}`, {
    hint: 'Set TMPDIR to a folder that you may write to.',
  });
}

/** A lab that a command may use: one that ran already, or one started for it. */
export interface UsableLab {
  readonly folder: StateFolder;
  readonly status: LabStatus;
  readonly control: ControlClient;
  /** The lab's process, where this command started it. */
  readonly launched: LaunchedLab | undefined;
}

/** The running lab of a state folder. Throws `not-found` when none runs there, `deadline-exceeded` when it hangs. */
export async function runningLab(folder: StateFolder): Promise<UsableLab> {
  const lab = await findLab(folder);
  if (lab === undefined) {
    throw new KeyferryError('not-found', `no lab runs on ${folder.root}`, {
      hint: 'Start one with "keyferry lab up", or name its folder with --state.',
    });
  }
  return lab;
}

/** The running lab of a state folder, if there is one. Throws `deadline-exceeded` for one that hangs. */
export async function findLab(folder: StateFolder): Promise<UsableLab | undefined> {
  const endpoint = await readEndpoint(folder);
  if (endpoint === undefined) return undefined;
  const control = createControlClient(endpoint);
  try {
    return { folder, control, status: await control.status(), launched: undefined };
  } catch (error) {
    // What is there and hangs has not ended: another one could not be started.
    if (!(error instanceof KeyferryError) || error.code !== 'deadline-exceeded') return undefined;
    throw new KeyferryError('deadline-exceeded', `the lab on ${folder.root} hangs: ${error.message}`, {
      cause: error,
      hint: `Try again, or end its process, which "pgrep -f 'lab-daemon --state=${folder.root}'" names: its state stays.`,
    });
  }
}

/** How {@link startLab} starts. */
export interface StartChoice {
  readonly ephemeral: boolean;
  readonly allowInternet: boolean;
  readonly detached: boolean;
  readonly cloudOnly?: CloudOnly | undefined;
}

/** Starts a lab on a state folder and answers when it serves. When `signal` aborts before, nothing of it is left. */
export async function startLab(
  folder: StateFolder,
  choice: StartChoice,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<UsableLab> {
  const launched = await withProgress({ terminal, clock: systemClock, what: 'starting the lab' }, () =>
    launchLab({ ...choice, folder, env: terminal.env, clock: systemClock, signal }),
  );
  return { folder, launched, control: launched.control, status: await launched.control.status() };
}
