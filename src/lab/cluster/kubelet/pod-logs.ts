import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, type Log } from '#base';

/** Which pod a folder of logs belongs to. */
export interface LoggedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** The folders with the logs of a node's pods: `<namespace>_<name>_<uid>`, as kubelet names them. */
export interface PodLogs {
  folderOf(pod: LoggedPod): string;
  /** Removes a pod's logs, soon. A failure is logged: the next {@link removeAllBut} comes to it again. */
  remove(pod: LoggedPod): void;
  /** Removes the logs of pods that went unseen, while no kubelet ran: all whose uid `isKept` does not know. */
  removeAllBut(isKept: (uid: string) => boolean): Promise<void>;
  /** Resolves when nothing is being removed any more. */
  idle(): Promise<void>;
}

/** The {@link PodLogs} in `logDir`, a folder of this kubelet's own. */
export function createPodLogs(logDir: string, log: Log): PodLogs {
  const removals = new Set<Promise<void>>();
  const folderOf = ({ namespace, name, uid }: LoggedPod) => join(logDir, `${namespace}_${name}_${uid}`);
  const removeFolder = (folder: string): Promise<void> =>
    rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
      log.warn('Logs of a pod not removed', { folder, error: errorText(error) });
    });
  return {
    folderOf,
    remove(pod) {
      const removal = removeFolder(folderOf(pod)).finally(() => removals.delete(removal));
      removals.add(removal);
    },
    async removeAllBut(isKept) {
      const names = await readdir(logDir).catch(() => []); // made with the first log
      for (const name of names) {
        const [, , uid] = name.split('_');
        if (uid !== undefined && !isKept(uid)) await removeFolder(join(logDir, name));
      }
    },
    idle: async () => {
      await Promise.all(removals);
    },
  };
}
