import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of everything that the clients tier fetches: `$KEYFERRY_CLIENTS`, or `keyferry/clients` in the person's cache. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env['KEYFERRY_CLIENTS'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'keyferry', 'clients');
}

/**
 * Waits until no other installer is at work on the cache (`onWait` is called once where it has to), and keeps others out
 * until it is disposed or this process ends, by whatever means: the lock is a socket in Linux's abstract namespace, which
 * leaves no file behind that could be stale.
 */
export async function lockCache(cache: string, onWait: () => void): Promise<Disposable> {
  const name = `\0keyferry-clients-${createHash('sha256').update(resolve(cache)).digest('hex').slice(0, 16)}`;
  for (let told = false; ; told = true) {
    const lock = await tryLock(name);
    if (lock !== undefined) return lock;
    if (!told) onWait();
    await untilReleased(name);
  }
}

async function tryLock(name: string): Promise<Disposable | undefined> {
  const waiting = new Set<Socket>();
  const server = createServer((socket) => {
    waiting.add(socket.on('error', () => {}));
    socket.once('close', () => waiting.delete(socket));
  });
  server.listen(name);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
  return {
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of waiting) socket.destroy();
    },
  };
}

/** A connection to the holder ends with the lock; one that is refused means that it is free already. */
function untilReleased(name: string): Promise<void> {
  return new Promise((resolve) => {
    connect(name)
      .on('error', () => {})
      .once('close', () => resolve())
      .resume();
  });
}
