import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { ExecStartError, type ExecSession } from '../../pod-streams.ts';
import { runChannels, type ExecChannels } from './exec-channels.ts';

const STDIN = 0;
const STDOUT = 1;
const ERROR = 3;

interface FakeCommand {
  readonly session: ExecSession;
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  readonly isKilled: () => boolean;
  end(exitCode: number): void;
}

function createCommand(): FakeCommand {
  let isKilled = false;
  let end: (exitCode: number) => void = () => undefined;
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const exitCode = new Promise<number>((resolve) => {
    end = (code) => {
      stdout.end();
      resolve(code);
    };
  });
  const kill = () => {
    isKilled = true;
  };
  const session = { stdin, stdout, stderr: undefined, resize: () => undefined, exitCode, kill };
  return { session, stdin, stdout, isKilled: () => isKilled, end };
}

describe('the channels of a command', () => {
  const stack: (() => void)[] = [];
  afterEach(() => {
    for (const undo of stack.splice(0).reverse()) undo();
  });

  const connect = async (channels: Omit<ExecChannels, 'webSocket' | 'closeSignals'>, closeSignals = true) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    stack.push(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const arrived = once(server, 'connection') as Promise<[WebSocket]>;
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    stack.push(() => client.terminate());
    const messages: Buffer[] = [];
    client.on('message', (data: RawData) => messages.push(data as Buffer));
    const [[webSocket]] = await Promise.all([arrived, once(client, 'open')]);
    const over = runChannels({ ...channels, webSocket, closeSignals });
    const statuses = () =>
      messages.filter((message) => message[0] === ERROR).map((message) => message.subarray(1).toString());
    return { client, messages, over, statuses };
  };

  it.each([
    [true, 'Internal error occurred: Internal error occurred: error executing command in container: no such program'],
    [false, 'Internal error occurred: error executing command in container: no such program'],
  ])('tell that a command could not be started (v5: %s)', async (closeSignals, message) => {
    const { session, stdout } = createCommand();
    stdout.end();
    const exitCode = Promise.reject(new ExecStartError('no such program'));
    exitCode.catch(() => undefined);
    const { client, over, statuses } = await connect(
      { session: { ...session, exitCode }, tty: false, attached: false },
      closeSignals,
    );
    const closed = once(client, 'close');
    await Promise.all([over, closed]);
    expect(statuses().map((text) => JSON.parse(text) as unknown)).toEqual([
      {
        metadata: {},
        status: 'Failure',
        message,
        reason: 'InternalError',
        details: { causes: [{ message: message.replace('Internal error occurred: ', '') }] },
        code: 500,
      },
    ]);
  });

  it('tell the exit code of a further command, and no exit code of a container', async () => {
    for (const [attached, text] of [
      [false, 'exit status 3'],
      [true, '"Success"'],
    ] as const) {
      const command = createCommand();
      const { client, over, statuses } = await connect({ session: command.session, tty: false, attached });
      const closed = once(client, 'close');
      command.end(3);
      await Promise.all([over, closed]);
      expect(statuses().join()).toContain(text);
    }
  });

  it('let a command without a terminal go on when the client leaves', async () => {
    const command = createCommand();
    const { client, over } = await connect({ session: command.session, tty: false, attached: false });
    const inputEnded = once(command.stdin.resume(), 'end');
    client.terminate();
    await inputEnded;
    // far more than all buffers hold: it is thrown away, and the command is never stuck
    for (let count = 0; count < 100; count += 1) {
      if (!command.stdout.write(Buffer.alloc(100_000))) await once(command.stdout, 'drain');
    }
    expect(command.isKilled()).toBe(false);
    command.end(0);
    await over;
  });

  it.each([
    ['a terminal', { tty: true, attached: false }],
    ['an attachment', { tty: false, attached: true }],
  ])('end %s when the client leaves', async (_name, kind) => {
    const command = createCommand();
    const { client, over } = await connect({ session: command.session, ...kind });
    client.terminate();
    await expect.poll(command.isKilled).toBe(true);
    command.end(0);
    await over;
  });

  it('hold back a client whose input is not read, and lose none of it', async () => {
    const command = createCommand();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let taken = 0;
    const stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        void released.then(() => {
          taken += chunk.length;
          done();
        });
      },
    });
    const { client, over } = await connect({ session: { ...command.session, stdin }, tty: false, attached: false });
    const total = 400 * 100_000;
    let sent = 0;
    for (let count = 0; count < 400; count += 1) {
      client.send(Buffer.concat([Buffer.of(STDIN), Buffer.alloc(100_000)]), () => (sent += 1));
    }
    await expect.poll(() => stdin.writableLength).toBeGreaterThan(1_000_000);
    // once an answer is through, whatever could be taken in has been
    command.stdout.write('x');
    await expect.poll(() => client.bufferedAmount).toBeGreaterThan(1_000_000);
    expect(stdin.writableLength).toBeLessThan(total / 4);
    expect(sent).toBeLessThan(400);
    release();
    await expect.poll(() => taken).toBe(total);
    command.end(0);
    await over;
  });

  it('carry bytes as they are', async () => {
    const command = createCommand();
    const { messages, over } = await connect({ session: command.session, tty: false, attached: false });
    const all = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    command.stdout.write(all);
    command.end(0);
    await over;
    await expect
      .poll(() => Buffer.concat(messages.filter((m) => m[0] === STDOUT).map((m) => m.subarray(1))))
      .toEqual(all);
  });
});
