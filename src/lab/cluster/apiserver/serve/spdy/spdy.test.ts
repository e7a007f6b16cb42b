import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { createDeflate, constants, deflateSync } from 'node:zlib';
import { array, assert, asyncProperty, constantFrom, nat, oneof, tuple, uint8Array } from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { HEADER_DICTIONARY } from './dictionary.ts';
import {
  controlFrame,
  createFrameReader,
  dataFrame,
  decodeHeaders,
  encodeHeaders,
  FLAG_FIN,
  FRAME,
  words,
} from './frames.ts';
import { createHeaderCodec } from './header-codec.ts';
import { serveSpdy, type SpdyConnection, type SpdyStream } from './index.ts';

describe('frames', () => {
  it('come together from single bytes', () => {
    const wire = Buffer.concat([dataFrame(5, FLAG_FIN, Buffer.from('ab')), controlFrame(FRAME.ping, 0, words(7))]);
    const reader = createFrameReader(1000);
    const frames = [...wire].flatMap((byte) => {
      reader.add(Buffer.of(byte));
      const frame = reader.next();
      return frame === undefined ? [] : [frame];
    });
    expect(frames).toEqual([
      { kind: 'data', streamId: 5, flags: FLAG_FIN, body: Buffer.from('ab') },
      { kind: 'control', type: FRAME.ping, flags: 0, body: words(7) },
    ]);
  });

  it('are as the draft draws them', () => {
    // version 3, type 6, no flags, four bytes: section 2.6.5
    expect(controlFrame(FRAME.ping, 0, words(1)).toString('hex')).toBe('800300060000000400000001');
    expect(dataFrame(1, FLAG_FIN, Buffer.from('x')).toString('hex')).toBe('000000010100000178');
  });

  it('that are too long are refused before they have come', () => {
    const reader = createFrameReader(10);
    reader.add(dataFrame(1, 0, Buffer.alloc(11)).subarray(0, 8));
    expect(() => reader.next()).toThrow('too long');
  });

  it.each([
    ['a count that lies', words(1000)],
    ['a name beyond the end', Buffer.concat([words(1, 100), Buffer.from('x')])],
  ])('with headers of %s are refused', (_name, block) => {
    expect(() => decodeHeaders(block)).toThrow(RangeError);
  });
});

describe('the dictionary of headers', () => {
  it("has the length and the checksum of the draft's", async () => {
    expect(HEADER_DICTIONARY.length).toBe(1423);
    const deflate = createDeflate({ dictionary: HEADER_DICTIONARY });
    deflate.write('x');
    deflate.flush(constants.Z_SYNC_FLUSH);
    const [start] = (await once(deflate, 'data')) as [Buffer];
    expect(start.subarray(2, 6).toString('hex')).toBe('e3c6a7c2');
  });

  it('is shared by all blocks of one connection', async () => {
    const [client, server] = [createHeaderCodec(), createHeaderCodec()];
    for (const headers of [new Map([['port', '80']]), new Map([['port', '80']]), new Map([['streamtype', 'data']])]) {
      expect(await server.decode(await client.encode(headers))).toEqual(headers);
    }
    client.close();
    server.close();
  });
});

describe('a SPDY connection', () => {
  const stack: (() => void)[] = [];
  afterEach(() => {
    for (const undo of stack.splice(0).reverse()) undo();
  });

  const start = async (onStream: (stream: SpdyStream) => void) => {
    let connection: SpdyConnection | undefined;
    const server = createServer((socket) => {
      connection = serveSpdy(socket, onStream);
    }).listen(0, '127.0.0.1');
    stack.push(() => server.close());
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    stack.push(() => socket.destroy());
    await accepted;
    const codec = createHeaderCodec();
    stack.push(() => codec.close());
    const reader = createFrameReader(1_000_000);
    const seen: string[] = [];
    socket.on('data', (chunk: Buffer) => {
      reader.add(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        const end = (frame.flags & FLAG_FIN) === 0 ? '' : ' end';
        if (frame.kind === 'data') seen.push(`data ${frame.streamId} ${frame.body.toString()}${end}`);
        else seen.push(`control ${frame.type} ${frame.body.readUInt32BE(0)}`);
      }
    });
    const open = async (id: number, headers: Record<string, string>, flags = 0) => {
      const block = await codec.encode(new Map(Object.entries(headers)));
      socket.write(controlFrame(FRAME.synStream, flags, Buffer.concat([words(id, 0), Buffer.alloc(2), block])));
    };
    return { socket, seen, open, closed: () => connection?.closed };
  };

  it('answers each stream, and carries its bytes and ends both ways', async () => {
    const types: (string | undefined)[] = [];
    const { socket, seen, open } = await start(({ headers, duplex }) => {
      types.push(headers.get('streamtype'));
      duplex.pipe(duplex);
    });
    await open(1, { streamtype: 'error' }, FLAG_FIN);
    await open(3, { streamtype: 'data' });
    socket.write(dataFrame(3, 0, Buffer.from('hello')));
    socket.write(dataFrame(3, FLAG_FIN, Buffer.from(' world')));
    await expect.poll(() => seen).toContain('data 3  end');
    expect(types).toEqual(['error', 'data']);
    expect(seen.filter((line) => line.startsWith('data 1'))).toEqual(['data 1  end']);
    expect(seen.slice(0, 1)).toEqual([`control ${FRAME.synReply} 1`]);
    expect(
      seen
        .filter((line) => line.startsWith('data 3'))
        .map((line) => line.slice(7))
        .join(''),
    ).toBe('hello world end');
  });

  it('echoes pings of its client', async () => {
    const { socket, seen } = await start(() => undefined);
    socket.write(controlFrame(FRAME.ping, 0, words(9)));
    await expect.poll(() => seen).toEqual([`control ${FRAME.ping} 9`]);
  });

  it('tells a stream that its client has reset it, and goes on with the others', async () => {
    const gone: string[] = [];
    const { socket, seen, open } = await start(({ headers, duplex }) => {
      duplex.once('close', () => gone.push(headers.get('name') ?? ''));
      duplex.pipe(duplex);
    });
    await open(1, { name: 'one' });
    await open(3, { name: 'two' });
    socket.write(controlFrame(FRAME.rstStream, 0, words(1, 5)));
    await expect.poll(() => gone).toEqual(['one']);
    socket.write(dataFrame(3, 0, Buffer.from('still')));
    await expect.poll(() => seen).toContain('data 3 still');
  });

  it.each([
    ['is no SPDY', Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(2000))],
    ['has headers that are not compressed', controlFrame(FRAME.synStream, 0, Buffer.alloc(40, 0xff))],
    ['is cut short', controlFrame(FRAME.rstStream, 0, Buffer.alloc(1))],
  ])('ends when what comes %s', async (_name, bytes) => {
    const { socket, closed } = await start(() => undefined);
    socket.on('error', () => undefined);
    socket.write(bytes);
    await closed();
    await expect.poll(() => socket.destroyed).toBe(true);
  });

  it('ends its streams when its client leaves', async () => {
    const ended: unknown[] = [];
    const { socket, open, closed } = await start(({ duplex }) => duplex.once('close', () => ended.push(true)));
    await open(1, {});
    socket.end();
    await closed();
    await expect.poll(() => ended).toEqual([true]);
  });

  it('holds a client back whose stream is not read', async () => {
    const { socket, open } = await start(() => undefined);
    await open(1, {});
    for (let count = 0; count < 300; count += 1) socket.write(dataFrame(1, 0, Buffer.alloc(100_000)));
    await expect.poll(() => socket.bytesWritten - socket.writableLength).toBeGreaterThan(1_000_000);
    expect(socket.writableLength).toBeGreaterThan(1_000_000);
  });
});

describe('bytes that are no SPDY', () => {
  /** Everything that one client sends, and whether the connection came to its end. */
  const serve = async (sent: Uint8Array): Promise<number> => {
    let opened = 0;
    const [near, far] = duplexPair();
    far.resume();
    const connection = serveSpdy(near, ({ duplex }) => {
      opened += 1;
      duplex.on('error', () => undefined).resume();
    });
    far.end(sent);
    await connection.closed;
    return opened;
  };
  const syn = (id: number, block: Uint8Array) =>
    controlFrame(FRAME.synStream, 0, Buffer.concat([words(id, 0), Buffer.alloc(2), block]));

  it('end the connection, and nothing else', async () => {
    const type = constantFrom(...Object.values(FRAME), 0, 4, 9, 0xffff);
    const frame = oneof(
      tuple(type, nat(255), uint8Array({ maxLength: 40 })).map(([of, flags, body]) => controlFrame(of, flags, body)),
      tuple(nat(5), nat(255), uint8Array({ maxLength: 40 })).map(([id, flags, body]) => dataFrame(id, flags, body)),
      tuple(nat(5), uint8Array({ maxLength: 40 })).map(([id, block]) => syn(id, deflateSync(block))),
      uint8Array({ maxLength: 40 }),
    );
    await assert(
      asyncProperty(array(frame, { maxLength: 8 }), async (frames) => {
        await serve(Buffer.concat(frames));
      }),
    );
  });

  it('that unpack to a thousand times their size are not unpacked', async () => {
    const bomb = deflateSync(Buffer.alloc(64 * 2 ** 20), { level: 9, dictionary: HEADER_DICTIONARY });
    const before = process.memoryUsage().rss;
    // a second block comes when the first has been given up already
    expect(await serve(Buffer.concat([syn(1, bomb), syn(3, bomb)]))).toBe(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 2 ** 20);
  });

  it('open no stream twice', async () => {
    const codec = createHeaderCodec();
    const blocks = [await codec.encode(new Map()), await codec.encode(new Map())];
    codec.close();
    expect(await serve(Buffer.concat(blocks.map((block) => syn(1, block))))).toBe(1);
  });
});

it('headers of any text survive', () => {
  const headers = new Map([
    ['a', ''],
    ['b', 'ü\0x'],
  ]);
  expect(decodeHeaders(encodeHeaders(headers))).toEqual(headers);
});
