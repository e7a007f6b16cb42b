import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Makes resets possible on `server`, also where it speaks TLS, whose sockets cannot be reset themselves. The answer resets
 * the connection of a request's socket: its client notices at once that the other end is gone (TCP RST, ECONNRESET).
 */
export function createConnectionReset(server: Pick<Server, 'on'>): (socket: Socket) => void {
  const connections = new Map<string, Socket>();
  server.on('connection', (connection: Socket) => {
    const key = clientOf(connection);
    connections.set(key, connection);
    connection.once('close', () => {
      if (connections.get(key) === connection) connections.delete(key);
    });
  });
  return (socket) => {
    const connection = connections.get(clientOf(socket));
    if (connection === undefined) socket.destroy();
    else connection.resetAndDestroy();
  };
}

/** What a TLS socket and the connection beneath it have in common, and no other connection has at the time. */
function clientOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
