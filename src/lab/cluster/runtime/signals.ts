import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';

/** The number of a signal on this machine. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/**
 * Signals what a process has started in another PID namespace, and answers whether there was anything. The process itself
 * is left to wait for it: a process of a container whose parent is gone falls to this one, which waits for its own children
 * only, and a PID namespace does not end before the last of its processes has been waited for.
 */
export function signalInside(pid: number, name: NodeJS.Signals): boolean {
  const own = namespaceOf('self');
  const inside = descendants(pid).filter((child) => ![own, undefined].includes(namespaceOf(String(child))));
  for (const child of inside) sendSignal(child, name);
  return inside.length > 0;
}

/** The mount namespace of a process; undefined when the process is gone. */
export function mountNamespaceOf(pid: number): string | undefined {
  return namespaceOf(String(pid), 'mnt');
}

/** Sends SIGKILL to all processes of a mount namespace, and answers whether there were any. */
export function killMountNamespace(namespace: string): boolean {
  const inside = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && namespaceOf(name, 'mnt') === namespace);
  for (const pid of inside) sendSignal(Number(pid), 'SIGKILL');
  return inside.length > 0;
}

/** Sends a signal; without effect when the process is gone. A negative number is a process group. */
export function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is over already.
  }
}

function namespaceOf(pid: string, kind: 'pid' | 'mnt' = 'pid'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

function descendants(pid: number): number[] {
  const children = tasksOf(pid).flatMap((task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
