import { once } from 'node:events';
import { createServer } from 'node:net';
import { KeyferryError, type Random } from '#base';
import type { Store } from '#lab/store';

/** Below those that kernels give to outgoing connections, so that nobody takes one while its driver is restarted. */
const FIRST = 20_000;
const COUNT = 10_000;
const ATTEMPTS = 50;
const KEY = 'driver-port';

/**
 * A loopback port on which nobody listens: the one of before, where it is free still. To be called before anything of the
 * cluster runs. Throws `unavailable` where none is found.
 */
export async function choosePort(store: Store, random: Random): Promise<number> {
  const known = store.get(KEY);
  if (typeof known === 'number' && (await isFree(known))) return known;
  for (let tries = 0; tries < ATTEMPTS; tries += 1) {
    const port = FIRST + Math.floor(random.fraction() * COUNT);
    if (!(await isFree(port))) continue;
    store.put(KEY, port);
    return port;
  }
  throw new KeyferryError('unavailable', `no free port between ${FIRST} and ${FIRST + COUNT}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
