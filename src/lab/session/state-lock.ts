import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { stat } from 'node:fs/promises';
import { KeyferryError, type Clock } from '#base';

const TRIES = 20;
const PAUSE_MS = 100;

/**
 * Takes a state folder for this process alone, so that two labs never write one journal. Throws `failed-precondition`
 * while another process has it. The lock is a unix socket in Linux's abstract name space, named after the folder's
 * inode: the kernel lets go of it when the process is gone, by whatever death, and no file is left that could lie. A
 * process that is just dying is waited for.
 */
export async function lockStateFolder(root: string, clock: Clock): Promise<AsyncDisposable> {
  const { dev, ino } = await stat(root);
  for (let tries = 1; ; tries += 1) {
    const server = await listen(`\0keyferry-lab/${dev}/${ino}`);
    if (server !== undefined) {
      return {
        [Symbol.asyncDispose]: async () => {
          server.close();
          await once(server, 'close');
        },
      };
    }
    if (tries >= TRIES) {
      throw new KeyferryError('failed-precondition', `a lab that does not answer has the state folder ${root}`, {
        hint: `End its process, which "pgrep -f 'lab-daemon --state=${root}'" names, or name another folder with --state.`,
      });
    }
    await clock.sleep(PAUSE_MS);
  }
}

/** Undefined when somebody has the name. */
async function listen(name: string): Promise<Server | undefined> {
  // Whoever connects learns that it is taken, and nothing else.
  const server = createServer((socket) => socket.destroy());
  server.unref();
  server.listen(name);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
