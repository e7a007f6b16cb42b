import { readdirSync, readFileSync } from 'node:fs';

/** The process id of a lab's `keyferry node`, as this machine numbers it; undefined while none runs. */
export function nodeProcessOf(stateFolder: string): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      const [, executable = '', command] = readProcessFile(pid, 'cmdline').split('\0');
      if (!executable.endsWith('/bin/keyferry') || command !== 'node') return false;
      // Its flags name folders inside the lab's namespaces; its environment names the CA in the state folder.
      return readProcessFile(pid, 'environ').includes(`=${stateFolder}/`);
    });
}

/** A file of `/proc/<pid>`; empty when the process is gone. */
export function readProcessFile(pid: number, file: 'cmdline' | 'environ' | 'limits' | 'mountinfo'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
