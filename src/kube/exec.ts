import { WebSocket, type RawData } from 'ws';
import { abortReason, KeyferryError } from '#base';
import type { KubeConfig } from './config.ts';
import { errorOfStatusBody } from './errors.ts';
import { describeObject, resourcePath, RESOURCES, type ObjectKey } from './resources.ts';
import type { Transport } from './transport.ts';
import type { StatusBody } from './types.ts';

/** What to run in a container. Output goes to the callbacks as it comes. */
export interface ExecRequest {
  readonly command: readonly string[];
  readonly container?: string;
  readonly stdin?: AsyncIterable<Uint8Array | string>;
  readonly tty?: boolean;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
  readonly signal?: AbortSignal;
}

/** How the command ended. */
export interface ExecResult {
  readonly exitCode: number;
}

// kubernetes/kubernetes staging/src/k8s.io/apimachinery/pkg/util/remotecommand: channel numbers and protocol names.
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const CLOSE = 255;
const MAX_REFUSAL_LENGTH = 64 * 1024;

/** Runs a command in a container over a WebSocket. Throws when the API server refuses or the connection breaks. */
export async function execInPod(
  { config, transport }: { readonly config: KubeConfig; readonly transport: Transport },
  pod: ObjectKey,
  request: ExecRequest,
): Promise<ExecResult> {
  const what = `running a command in ${describeObject(RESOURCES.pods, pod)}`;
  const query = new URLSearchParams(request.command.map((word): [string, string] => ['command', word]));
  if (request.container !== undefined) query.set('container', request.container);
  if (request.stdin !== undefined) query.set('stdin', 'true');
  if (request.tty === true) query.set('tty', 'true');
  query.set('stdout', 'true');
  if (request.tty !== true) query.set('stderr', 'true');
  const path = resourcePath(RESOURCES.pods, { ...pod, subresource: 'exec' });
  const socket = new WebSocket(`${config.server.replace(/^http/, 'ws')}${path}?${query.toString()}`, PROTOCOLS, {
    headers: await transport.headers(),
    ...transport.tls,
  });
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.terminate();
      reject(error);
    };
    const onAbort = () => fail(abortReason(request.signal as AbortSignal));
    request.signal?.addEventListener('abort', onAbort, { once: true });
    let result: ExecResult | Error | undefined;
    socket.on('message', (data: RawData) => {
      const bytes = data as Buffer;
      const payload = bytes.subarray(1);
      if (bytes[0] === STDOUT) request.onStdout?.(payload);
      else if (bytes[0] === STDERR) request.onStderr?.(payload);
      else if (bytes[0] === ERROR) result = resultOf(what, payload.toString('utf8'));
    });
    socket.on('open', () => {
      if (request.stdin === undefined) return;
      sendStdin(socket, request.stdin).catch((error: unknown) => {
        fail(new KeyferryError('unknown', `${what}: its input cannot be read`, { cause: error }));
      });
    });
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        if (text.length < MAX_REFUSAL_LENGTH) text += chunk.toString('utf8');
      });
      response.on('end', () => fail(errorOfStatusBody(what, response.statusCode ?? 0, parseStatus(text))));
    });
    socket.on('error', (error) =>
      fail(new KeyferryError('unavailable', `${what}: ${error.message}`, { cause: error })),
    );
    socket.on('close', () => {
      request.signal?.removeEventListener('abort', onAbort);
      if (result === undefined) reject(new KeyferryError('unavailable', `${what}: the connection was lost`));
      else if (result instanceof Error) reject(result);
      else resolve(result);
    });
  });
}

async function sendStdin(socket: WebSocket, stdin: AsyncIterable<Uint8Array | string>): Promise<void> {
  for await (const chunk of stdin) {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(Buffer.concat([Buffer.of(STDIN), Buffer.from(chunk)]));
  }
  // Only v5 can say that the input has ended; before it, the command sees no end.
  if (socket.protocol === PROTOCOLS[0] && socket.readyState === WebSocket.OPEN) socket.send(Buffer.of(CLOSE, STDIN));
}

/** The Status on the error channel: success, or NonZeroExitCode with the code among its causes. */
function resultOf(what: string, text: string): ExecResult | Error {
  const status = parseStatus(text);
  if (status?.status === 'Success') return { exitCode: 0 };
  const causes: unknown = status?.details?.['causes'];
  const listed = (Array.isArray(causes) ? causes : []) as readonly ({ reason?: string; message?: string } | null)[];
  const code = listed.find((cause) => cause?.reason === 'ExitCode')?.message;
  if (status?.reason === 'NonZeroExitCode' && code !== undefined) return { exitCode: Number(code) };
  return errorOfStatusBody(what, status?.code ?? 500, status);
}

function parseStatus(text: string): StatusBody | undefined {
  try {
    return (JSON.parse(text) as StatusBody | null) ?? undefined;
  } catch {
    return undefined; // not a Status: the HTTP status is all there is to say
  }
}
