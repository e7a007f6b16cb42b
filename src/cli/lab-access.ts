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
  type ControlClient,
  type LabStatus,
  type LaunchedLab,
  type StateFolder,
} from '#lab/session';
import { withProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** The options that each `lab` command has. */
export interface LabPlace {
  readonly state?: string;
  readonly ephemeral?: boolean;
}

/** Which state folder a command means. An ephemeral lab gets a new one in memory (or in the temporary folder). */
export function placeOf(place: LabPlace, terminal: Terminal): StateFolder {
  if (place.ephemeral === true) {
    return stateFolder(newFolder([terminal.env['XDG_RUNTIME_DIR'], '/dev/shm', tmpdir()]));
  }
  return stateFolder(resolve(place.state ?? terminal.env['KEYFERRY_STATE'] ?? defaultStateRoot(terminal.env)));
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

/** The running lab of a state folder. Throws `not-found` when none runs there. */
export async function runningLab(folder: StateFolder): Promise<UsableLab> {
  const lab = await findLab(folder);
  if (lab === undefined) {
    throw new KeyferryError('not-found', `no lab runs on ${folder.root}`, {
      hint: 'Start one with "keyferry lab up", or name its folder with --state.',
    });
  }
  return lab;
}

/** The running lab of a state folder, if there is one. */
export async function findLab(folder: StateFolder): Promise<UsableLab | undefined> {
  const endpoint = await readEndpoint(folder);
  if (endpoint === undefined) return undefined;
  const control = createControlClient(endpoint);
  try {
    return { folder, control, status: await control.status(), launched: undefined };
  } catch {
    return undefined;
  }
}

/** How {@link startLab} starts. */
export interface StartChoice {
  readonly ephemeral: boolean;
  readonly allowInternet: boolean;
  readonly detached: boolean;
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
