import type { Readable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { recordOf } from '../json.ts';
import { ExecStartError, type ExecSession } from '../../pod-streams.ts';

/** The first byte of each message says which stream it belongs to (apimachinery util/remotecommand). */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

const NORMAL_CLOSURE = 1000;

/** A command and the socket that it is wired to. */
export interface ExecChannels {
  readonly webSocket: WebSocket;
  readonly session: ExecSession;
  readonly tty: boolean;
  /** Whether the client may say that a channel is closed (v5). */
  readonly closeSignals: boolean;
  /** Whether these are a container's own streams, not those of a further command. */
  readonly attached: boolean;
}

/** How much input may wait for a command that does not read it before the client is held back. */
const INPUT_BACKLOG_BYTES = 1024 * 1024;

/**
 * Carries input, outputs, sizes and the exit status between the two until the command ends or the client leaves. A client
 * that leaves hangs up a terminal. Without a terminal the command goes on, as it does on a real node: its input is at its
 * end, its output is thrown away (kubernetes/kubernetes#89031).
 */
export async function runChannels(channels: ExecChannels): Promise<void> {
  const { webSocket, session, tty, closeSignals, attached } = channels;
  const { stdin, stdout, stderr } = session;
  stdin?.on('error', () => undefined);
  for (const event of ['drain', 'close']) stdin?.on(event, () => webSocket.resume());
  let left = false;
  webSocket.on('close', () => {
    left = true;
    if (tty || attached) session.kill();
    else stdin?.end();
  });
  webSocket.on('error', () => undefined);
  const feed = (content: Buffer) => {
    if (stdin === undefined || stdin.write(content) || stdin.writableLength < INPUT_BACKLOG_BYTES) return;
    webSocket.pause();
  };
  webSocket.on('message', (data: RawData) => {
    const message = toBuffer(data);
    const content = message.subarray(1);
    switch (message[0] ?? -1) {
      case CHANNEL.stdin:
        if (content.length > 0) feed(content);
        break;
      case CHANNEL.resize:
        if (tty) resize(session, content);
        break;
      case CHANNEL.close:
        if (closeSignals && content[0] === CHANNEL.stdin) stdin?.end();
        break;
      default:
        break;
    }
  });
  const send = (channel: number, content: Uint8Array) =>
    new Promise<void>((resolve) => {
      if (left) resolve();
      else webSocket.send(Buffer.concat([Buffer.of(channel), content]), () => resolve());
    });
  // an empty message tells the client that the command is under way
  await send(stdout === undefined ? CHANNEL.error : CHANNEL.stdout, Buffer.alloc(0));
  const carry = async (stream: Readable | undefined, channel: number) => {
    if (stream === undefined) return;
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      await send(channel, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    }
  };
  const [end] = await Promise.all([
    endStatus(session, attached),
    carry(stdout, CHANNEL.stdout),
    carry(stderr, CHANNEL.stderr),
  ]);
  // For a v5 client kube-apiserver itself speaks to the node, and wraps what the node has refused once more.
  const told = closeSignals && end['reason'] === 'InternalError' ? internalError(String(end['message'])) : end;
  await send(CHANNEL.error, Buffer.from(JSON.stringify(told)));
  webSocket.close(NORMAL_CLOSURE);
}

function toBuffer(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

/** Passes on a new size as clients write it: `{"Width":80,"Height":24}`. */
export function resize(session: ExecSession, content: Buffer): void {
  let size: unknown;
  try {
    size = JSON.parse(content.toString('utf8'));
  } catch {
    return;
  }
  const { Width: width, Height: height } = recordOf(size);
  if (typeof width === 'number' && typeof height === 'number') session.resize({ width, height });
}

/** The Status that ends a session (cri-streaming's remotecommand): how the command ended, or why it could not be started. */
export async function endStatus(session: ExecSession, attached: boolean): Promise<Record<string, unknown>> {
  try {
    const exitCode = await session.exitCode;
    // who was attached learns the exit code from the pod, as a kubelet has it
    return exitStatus(attached ? 0 : exitCode);
  } catch (error) {
    if (!(error instanceof ExecStartError)) throw error;
    return internalError(`error executing command in container: ${error.message}`);
  }
}

function internalError(message: string): Record<string, unknown> {
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  };
}

/** The Status that ends a command: success, or the exit code as its cause. */
function exitStatus(exitCode: number): Record<string, unknown> {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
    code: 500,
  };
}
