import { finished } from 'node:stream/promises';
import type { Duplex, Readable } from 'node:stream';
import type { ExecRequest, ExecSession } from '../../pod-streams.ts';
import { endStatus, resize } from './exec-channels.ts';
import { serveSpdy } from './spdy/index.ts';

/** A command and the connection that it is wired to. */
export interface SpdyExec {
  readonly transport: Duplex;
  readonly session: ExecSession;
  readonly asked: Omit<ExecRequest, 'command'>;
  /** Whether these are a container's own streams, not those of a further command. */
  readonly attached: boolean;
}

type StreamType = 'error' | 'stdin' | 'stdout' | 'stderr' | 'resize';

/**
 * Carries a command over SPDY/3.1 (kubelet's remotecommand, v4): the client opens a stream for each of the command's, named
 * by its header `streamType`, and learns on `error` how it ended. What a client that leaves does to the command is as with
 * WebSocket.
 */
export async function runSpdyExec({ transport, session, asked, attached }: SpdyExec): Promise<void> {
  const wanted: readonly StreamType[] = [
    'error',
    ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => asked[name]),
    ...(asked.tty ? (['resize'] as const) : []),
  ];
  const streams = new Map<string, Duplex>();
  let complete: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    complete = resolve;
  });
  const connection = serveSpdy(transport, ({ headers, duplex }) => {
    duplex.on('error', () => undefined);
    streams.set(headers.get('streamtype') ?? '', duplex);
    if (wanted.every((name) => streams.has(name))) complete();
  });
  session.stdin?.on('error', () => undefined);
  void connection.closed.then(() => {
    complete();
    if (asked.tty || attached) session.kill();
    else session.stdin?.end();
    for (const output of [session.stdout, session.stderr]) output?.resume();
  });
  await all;
  const [stdin, sizes] = [streams.get('stdin'), streams.get('resize')];
  if (session.stdin !== undefined) stdin?.pipe(session.stdin);
  sizes?.on('data', (size: Buffer) => resize(session, size));
  const carry = async (source: Readable | undefined, target: Duplex | undefined) => {
    if (source === undefined || target === undefined) return;
    source.pipe(target, { end: false });
    await finished(source, { writable: false }).catch(() => undefined);
  };
  const [end] = await Promise.all([
    endStatus(session, attached),
    carry(session.stdout, streams.get('stdout')),
    carry(session.stderr, streams.get('stderr')),
  ]);
  streams.get('error')?.end(JSON.stringify(end));
  for (const stream of streams.values()) stream.end();
  connection.close();
  await connection.closed;
}
