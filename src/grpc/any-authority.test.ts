import { connect as connectHttp2 } from 'node:http2';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { HealthService, type HealthServer } from '../gen/grpc/health/v1/health.ts';
import { grpcService, startGrpcServer } from './server.ts';
import { END_HEADERS, frame, PREFACE, rewrite } from './testing/http2-frames.ts';

const bytes = (text: string) => [...Buffer.from(text)];
/** A literal field with the name of that index of the static table; `bits` tells how it is kept (RFC 7541, section 6.2). */
const literal = (bits: number, index: number, value: string) => [bits | index, value.length, ...bytes(value)];
const METHOD_POST = 0x83;
describe('an authority that is a path', () => {
  it.each([
    ['kept in the table', literal(0x40, 1, '/csi/azure.sock'), literal(0x40, 1, 'l')],
    ['not kept', literal(0x00, 1, '/csi/azure.sock'), literal(0x00, 1, 'l')],
    ['never to be kept', literal(0x10, 1, '/csi/azure.sock'), literal(0x10, 1, 'l')],
    ['Huffman coded', [0x41, 0x83, 1, 2, 3], literal(0x40, 1, 'l')],
    [
      'after a change of the size',
      [0x3f, 0xe1, 0x1f, ...literal(0x40, 1, '/a')],
      [0x3f, 0xe1, 0x1f, ...literal(0x40, 1, 'l')],
    ],
    [
      'after a field with a name of its own',
      [0x40, 1, ...bytes('a'), 1, ...bytes('b'), ...literal(0x40, 1, '/a')],
      [0x40, 1, ...bytes('a'), 1, ...bytes('b'), ...literal(0x40, 1, 'l')],
    ],
  ])('is one letter when it is %s', (_how, before, after) => {
    const around = (block: readonly number[]) => frame(1, END_HEADERS, [METHOD_POST, ...block, METHOD_POST]);
    expect(rewrite(PREFACE, around(before))).toEqual(Buffer.concat([PREFACE, around(after)]));
  });

  it('is found behind padding and priority', () => {
    const around = (block: readonly number[]) => frame(1, 0x2c, [2, 0, 0, 0, 0, 16, ...block, 0, 0]);
    const [before, after] = [around(literal(0x40, 1, '/a/b')), around(literal(0x40, 1, 'l'))];
    expect(rewrite(PREFACE, before)).toEqual(Buffer.concat([PREFACE, after]));
  });

  it.each([
    ['no authority', [METHOD_POST, ...literal(0x40, 4, '/v1/Mount')]],
    ['an empty one', literal(0x40, 1, '')],
    ['one that was sent before', [METHOD_POST, 0xbe]],
    ['a value that is cut off', [0x41, 40, 1, 2]],
    ['a length without an end', [0x41, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('leaves headers with %s as they are', (_what, block) => {
    const sent = Buffer.concat([PREFACE, frame(1, END_HEADERS, block)]);
    expect(rewrite(sent)).toEqual(sent);
  });
});

describe('a server', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyferry-grpc-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** The gRPC status of a health check that is asked for with an authority, twice over one connection. */
  async function ask(authority: string, anyAuthority: boolean): Promise<readonly unknown[]> {
    const socketPath = join(folder, 's.sock');
    await using _server = await startGrpcServer({
      socketPath,
      clock: systemClock,
      log: silentLog,
      anyAuthority,
      services: [grpcService<HealthServer>(HealthService, { check: async () => ({ status: 1 }) })],
    });
    const session = connectHttp2('http://localhost', { createConnection: () => connect(socketPath) });
    const call = () =>
      new Promise((resolve) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': '/grpc.health.v1.Health/Check',
          ':authority': authority,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.on('trailers', (trailers) => resolve(trailers['grpc-status']));
        stream.on('error', (error) => resolve((error as NodeJS.ErrnoException).code));
        stream.resume().end(Buffer.alloc(5));
      });
    try {
      return [await call(), await call()];
    } finally {
      session.destroy();
    }
  }

  it.each(['/run/providers/azure.sock', 'localhost', 'a b'])(
    'lets in clients with the authority %s',
    async (authority) => {
      expect(await ask(authority, true)).toEqual(['0', '0']);
    },
  );

  it('refuses a path where it is not told to let it in', async () => {
    expect(await ask('/run/providers/azure.sock', false)).toEqual(['ERR_HTTP2_STREAM_ERROR', 'ERR_HTTP2_STREAM_ERROR']);
  });
});
