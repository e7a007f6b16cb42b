import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { startService } from './service.ts';

/** A port of this machine's loopback that leads to an address in a cluster's network. */
export interface Forward extends Disposable {
  readonly port: number;
}

/**
 * Opens such a port. A socket in `folder` joins the two networks: its name belongs to the file system, which both see.
 */
export async function startForward(
  machine: Machine,
  {
    name,
    address,
    port,
    folder,
  }: { readonly name: string; readonly address: string; readonly port: number; readonly folder: string },
): Promise<Forward> {
  const path = join(folder, `${name}.sock`);
  startService(machine, `forward-${name}`, ['socat', `UNIX-LISTEN:${path},fork`, `TCP:${address}:${port}`], { folder });
  const server = createServer((outside) => {
    const inside = connect(path);
    outside.pipe(inside).pipe(outside);
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      one.on('error', () => {}).once('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return { port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() };
}
