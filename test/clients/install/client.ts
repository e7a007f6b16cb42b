import type { RunStep } from './programs.ts';

/** A program, or a set of libraries, that nobody here wrote and that the clients tier runs. */
export interface Client {
  /** How tests ask for it; also the name of its folder in the cache. */
  readonly name: string;
  /** What it is and how long it takes, for the person who waits: `az 2.91.0 (PyPI; about a minute)`. */
  readonly summary: string;
  /** Everything the result depends on: versions, the text of lock files. A change installs it anew. */
  readonly inputs: readonly string[];
  /** What this machine lacks for it, or nothing. */
  missing(): Promise<string | undefined>;
  /** Fills the (empty) folder. The folder is never moved afterwards. */
  install(folder: string, run: RunStep): Promise<void>;
  /** How long one step of it may take, where that is more than a quarter of an hour. */
  readonly stepTimeoutMs?: number;
  /** The programs it brings: name → path inside the folder. */
  readonly programs: Readonly<Record<string, string>>;
  /** The version that the installed thing tells of itself. Throws when it does not run. */
  version(folder: string): Promise<string>;
}

/** What became of a client on this machine. */
export type Installed =
  | { readonly folder: string; readonly version: string; readonly programs: Readonly<Record<string, string>> }
  | { readonly skipped: string };
