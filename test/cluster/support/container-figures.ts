import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#base';

/** Memory that a container's control group is charged with, in bytes. */
export interface ContainerMemory {
  /** All but file cache that has not been used lately: what kubelet calls working set and compares with the limit. */
  readonly workingSetBytes: number;
  /** Of its processes alone. */
  readonly anonymousBytes: number;
  /** Files in memory: code that was read, and the volumes, whose pages count for who wrote them. */
  readonly fileBytes: number;
}

/** Reads it for a container by its id (64 hexadecimal digits), in either version of control groups. */
export function containerMemory(id: string): ContainerMemory {
  const { folder, v1 } = groupOf(id);
  const stat = Object.fromEntries(
    readFileSync(join(folder, 'memory.stat'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ')),
  ) as Record<string, string>;
  const bytes = (name: string) => Number(stat[v1 ? `total_${V1_NAMES[name] ?? name}` : name]);
  const usage = readFileSync(join(folder, v1 ? 'memory.usage_in_bytes' : 'memory.current'), 'utf8');
  return {
    workingSetBytes: Number(usage) - bytes('inactive_file'),
    anonymousBytes: bytes('anon'),
    fileBytes: bytes('file'),
  };
}

/** When a container's first process was started, milliseconds since 1970, to a hundredth of a second; proc(5). */
export function containerStartMs(id: string): number {
  const [pid = ''] = readFileSync(join(groupOf(id).folder, 'cgroup.procs'), 'utf8').split('\n');
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const startTicks = Number(fields.split(' ')[START_TIME]);
  const [uptimeSeconds = ''] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return systemClock.now() - Number(uptimeSeconds) * 1000 + startTicks * MS_PER_TICK;
}

/** The 22nd field, of which two come before the name's end. */
const START_TIME = 19;
const MS_PER_TICK = 10;

function groupOf(id: string): { readonly folder: string; readonly v1: boolean } {
  const v1 = folderNamed('/sys/fs/cgroup/memory', id);
  const folder = v1 ?? folderNamed('/sys/fs/cgroup', id);
  if (folder === undefined) throw new Error(`no control group of the container ${id}`);
  return { folder, v1: v1 !== undefined };
}

/** What version 1 calls the figures of version 2. */
const V1_NAMES: Readonly<Record<string, string>> = { anon: 'rss', file: 'cache' };

/** The folder of that name below another; others may come and go meanwhile. */
function folderNamed(root: string, name: string): string | undefined {
  let entries;
  try {
    entries = readdirSync(root, { withFileTypes: true });
  } catch {
    return undefined;
  }
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const path = join(root, entry.name);
    const found = entry.name === name ? path : folderNamed(path, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
