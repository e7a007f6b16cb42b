import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a lab could leave behind on this machine: mounts in our namespace, processes. */
export interface Traces {
  readonly mounts: string[];
  readonly processes: string[];
}

/** Looks for what is there now of any lab. */
export function labTraces(): Traces {
  return {
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes('keyferry')),
    processes: readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(commandOf)
      .filter((command) => /bin\/keyferry (lab-daemon|node)\b/.test(command)),
  };
}

/** The processes of the lab of one state folder: other test files may run labs at the same time. */
export function tracesOf(folder: string): string[] {
  return labTraces().processes.filter((command) => command.includes(folder));
}

function commandOf(pid: string): string {
  try {
    readlinkSync(`/proc/${pid}/exe`);
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
