import { Duplex } from 'node:stream';
import { controlFrame, createFrameReader, dataFrame, FLAG_FIN, FRAME, RESET, words, type Frame } from './frames.ts';
import { createHeaderCodec } from './header-codec.ts';

/** A stream that the client has opened. Its ends are FIN flags; destroying it resets it. */
export interface SpdyStream {
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly duplex: Duplex;
}

/** A SPDY/3.1 connection, seen by its server. */
export interface SpdyConnection {
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>;
  close(): void;
}

/** The longest frame that is read. Clients of Kubernetes write 32 KiB at a time. */
const MAX_FRAME_BYTES = 1024 * 1024;
/** How much may wait for the reader of a stream before nothing more is read from the connection. */
const BACKLOG_BYTES = 1024 * 1024;
/** A client that opens more at a time is not one of Kubernetes'. */
const MAX_STREAMS = 10_000;
const STREAM_ID = 0x7fffffff;

/**
 * Serves the part of SPDY/3.1 that Kubernetes' clients speak (moby/spdystream): streams that the client opens, data, ends,
 * resets and pings. Windows are not kept, as neither side of Kubernetes keeps them: a slow stream holds up its connection.
 */
export function serveSpdy(transport: Duplex, onStream: (stream: SpdyStream) => void): SpdyConnection {
  const codec = createHeaderCodec();
  const streams = new Map<number, Duplex>();
  let lastId = 0;
  let roomMade = (): void => undefined;
  const send = (frame: Buffer, done?: () => void) => {
    if (transport.destroyed || !transport.writable) done?.();
    else transport.write(frame, () => done?.());
  };

  const open = async (flags: number, body: Buffer): Promise<void> => {
    const id = body.readUInt32BE(0) & STREAM_ID;
    const headers = await codec.decode(body.subarray(10));
    if (streams.has(id) || streams.size >= MAX_STREAMS) throw new Error(`stream ${id} cannot be opened`);
    lastId = id;
    const reply = await codec.encode(new Map());
    send(controlFrame(FRAME.synReply, 0, Buffer.concat([words(id), reply])));
    const duplex = new Duplex({
      read: () => roomMade(),
      write: (chunk: Buffer, _encoding, done) => send(dataFrame(id, 0, chunk), done),
      final: (done) => send(dataFrame(id, FLAG_FIN, Buffer.alloc(0)), done),
      destroy: (error, done) => {
        if (streams.delete(id) && error !== null) send(controlFrame(FRAME.rstStream, 0, words(id, RESET.cancel)));
        roomMade();
        done(null);
      },
    });
    streams.set(id, duplex);
    if ((flags & FLAG_FIN) !== 0) duplex.push(null);
    onStream({ headers, duplex });
  };

  const handle = async (frame: Frame): Promise<void> => {
    if (frame.kind === 'data') {
      const stream = streams.get(frame.streamId);
      if (stream === undefined || stream.readableEnded) return;
      if (frame.body.length > 0) stream.push(frame.body);
      if ((frame.flags & FLAG_FIN) !== 0) stream.push(null);
      return;
    }
    switch (frame.type) {
      case FRAME.synStream:
        await open(frame.flags, frame.body);
        break;
      case FRAME.rstStream: {
        const id = frame.body.readUInt32BE(0) & STREAM_ID;
        const stream = streams.get(id);
        streams.delete(id);
        stream?.destroy();
        break;
      }
      case FRAME.ping:
        // pings of the client have odd numbers and want an echo
        if (frame.body.readUInt32BE(0) % 2 === 1) send(controlFrame(FRAME.ping, 0, frame.body));
        break;
      default:
        break;
    }
  };

  const isFull = () => [...streams.values()].some(({ readableLength }) => readableLength > BACKLOG_BYTES);
  const hasRoom = async (): Promise<void> => {
    while (isFull() && !transport.destroyed) {
      await new Promise<void>((resolve) => {
        roomMade = resolve;
      });
    }
  };
  transport.on('close', () => roomMade());
  transport.on('error', () => undefined);

  const closed = (async () => {
    const reader = createFrameReader(MAX_FRAME_BYTES);
    try {
      for await (const chunk of transport as AsyncIterable<Buffer>) {
        reader.add(chunk);
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) await handle(frame);
        await hasRoom();
      }
    } catch {
      // A connection that breaks, or does not speak SPDY, is over.
    }
    for (const stream of streams.values()) stream.destroy();
    streams.clear();
    codec.close();
    transport.destroy();
  })();

  return {
    closed,
    close: () => {
      send(controlFrame(FRAME.goAway, 0, words(lastId, 0)), () => transport.end());
    },
  };
}
