import { readdirSync } from 'node:fs';
import { readProcessFile } from './node-process.ts';

/** One process of this machine, told from a later one with the same id. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, in the kernel's ticks since its own start. */
  readonly startedAt: string;
}

/** The processes of a lab that runs on a state folder. */
export interface LabProcesses {
  /** `unshare`, which the lab's starter started. */
  readonly outer: number;
  /** The lab's own process. */
  readonly daemon: number;
  /** These two and everything below them: node processes, containers and what runs in them. */
  readonly all: readonly ProcessId[];
}

/** Finds a lab's processes; undefined while it has no process of its own (yet). */
export function labProcesses(stateFolder: string): LabProcesses | undefined {
  const parents = new Map<number, number>();
  const own: { readonly pid: number; readonly program: string }[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = /^PPid:\s*(\d+)/m.exec(readProcessFile(Number(name), 'status'))?.[1];
    if (parent === undefined) continue;
    parents.set(Number(name), Number(parent));
    const words = readProcessFile(Number(name), 'cmdline').split('\0');
    if (words.includes('lab-daemon') && words.includes(`--state=${stateFolder}`)) {
      own.push({ pid: Number(name), program: words[0] ?? '' });
    }
  }
  const outer = own.find(({ program }) => program.endsWith('unshare'))?.pid;
  const daemon = own.find(({ pid }) => parents.get(pid) === outer)?.pid;
  if (outer === undefined || daemon === undefined) return undefined;
  const isBelow = (pid: number): boolean => {
    for (let one: number | undefined = pid; one !== undefined && one > 1; one = parents.get(one)) {
      if (one === outer) return true;
    }
    return false;
  };
  const all = [...parents.keys()].filter(isBelow).flatMap(processOf);
  return { outer, daemon, all };
}

/** Those of some processes that still are; one that only waits for its parent to ask counts as gone. */
export function stillRunning(processes: readonly ProcessId[]): string[] {
  return processes
    .filter(({ pid, startedAt }) => processOf(pid).some((now) => now.startedAt === startedAt))
    .map(({ pid }) => `${pid} ${readProcessFile(pid, 'cmdline').replaceAll('\0', ' ')}`);
}

function processOf(pid: number): ProcessId[] {
  // proc(5): the program's name in parentheses may hold anything; state is field 3, the start time field 22.
  const fields = readProcessFile(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
  const [state = '', startedAt] = [fields[0], fields[19]];
  return startedAt === undefined || 'ZX'.includes(state) ? [] : [{ pid, startedAt }];
}
