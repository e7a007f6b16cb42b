import type { Server } from 'node:http';
import type { ServeContext } from './context.ts';

/** Serves exec and attach over WebSocket on a server's upgrades. */
export function attachExec(_server: Server, _context: ServeContext): Disposable {
  return { [Symbol.dispose]: () => undefined };
}
