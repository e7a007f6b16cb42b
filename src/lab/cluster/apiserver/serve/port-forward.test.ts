import { once } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { forwardOverChannels, parsePorts } from './port-forward.ts';

describe('the ports of a query', () => {
  it.each([
    ['ports=80', [80]],
    ['ports=80&ports=443', [80, 443]],
    ['ports=80,443', [80, 443]],
  ])('%s', (query, ports) => {
    expect(parsePorts(new URLSearchParams(query))).toEqual(ports);
  });

  it.each(['', 'ports=', 'ports=0', 'ports=65536', 'ports=80,x'])('are refused: %j', (query) => {
    expect(() => parsePorts(new URLSearchParams(query))).toThrow(/port/);
  });
});

describe('ports over the channels of a WebSocket', () => {
  const stack: (() => void)[] = [];
  afterEach(() => {
    for (const undo of stack.splice(0).reverse()) undo();
  });

  const open = async (ports: readonly number[], connect: (port: number) => Promise<Duplex>) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    stack.push(() => server.close());
    await once(server, 'listening');
    const arrived = once(server, 'connection') as Promise<[WebSocket]>;
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    stack.push(() => client.terminate());
    const seen: Buffer[] = [];
    client.on('message', (data: RawData) => seen.push(data as Buffer));
    const [[webSocket]] = await Promise.all([arrived, once(client, 'open')]);
    const over = forwardOverChannels(webSocket, ports, connect);
    const on = (channel: number) =>
      Buffer.concat(seen.filter((one) => one[0] === channel).map((one) => one.subarray(1)));
    return { client, over, on };
  };

  it('name the port on each channel first, then carry its bytes both ways', async () => {
    const [toPod, fromPod] = [new PassThrough(), new PassThrough()];
    const pod = Duplex.from({ writable: toPod, readable: fromPod });
    const { client, on, over } = await open([8080], () => Promise.resolve(pod));
    client.send(Buffer.concat([Buffer.of(0), Buffer.from('question')]));
    const [asked] = (await once(toPod, 'data')) as [Buffer];
    expect(asked.toString()).toBe('question');
    fromPod.end('answer');
    await over;
    await once(client, 'close');
    // 8080 is 0x1f90, the lower byte first
    expect(on(0).toString('latin1')).toBe('\x90\x1fanswer');
    expect(on(1).toString('hex')).toBe('901f');
  });

  it('tell on the second channel of a port why it cannot be had', async () => {
    const connect = (port: number) =>
      port === 1 ? Promise.reject(new Error('nobody listens')) : Promise.resolve(new PassThrough());
    const { on, over, client } = await open([2, 1], connect);
    await expect.poll(() => on(3).subarray(2).toString()).toBe('nobody listens');
    client.close();
    await over;
  });
});
