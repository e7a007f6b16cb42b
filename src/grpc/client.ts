import {
  type CallOptions,
  type ChannelCredentials,
  type Client,
  type ClientOptions,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { KeyferryError, onAbort, type Clock } from '#base';
import { errorOfStatus } from './status.ts';

type ClientConstructor<C extends Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options?: Partial<ClientOptions>,
) => C;

type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

type MethodName<C> = {
  [Name in keyof C]: C[Name] extends UnaryMethod<infer _Request, infer _Response> ? Name : never;
}[keyof C];
type RequestOf<Method> = Method extends UnaryMethod<infer Request, infer _> ? Request : never;
type ResponseOf<Method> = Method extends UnaryMethod<infer _, infer Response> ? Response : never;

/** Limits of one call. */
export interface CallLimits {
  /** The call fails with `deadline-exceeded` after this time, milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Limits of a connection. */
export interface GrpcClientOptions {
  /** The largest response, bytes. Default 4 MiB. */
  readonly maxResponseBytes?: number;
}

/**
 * A client of a generated class on a unix socket. It connects at the first call. Node's HTTP/2 refuses calls without a
 * valid `:authority` (grpc/grpc-node#258), so `localhost` is sent, as kubelet and the upstream driver do.
 */
export function createGrpcClient<C extends Client>(
  ClientClass: ClientConstructor<C>,
  socketPath: string,
  { maxResponseBytes = 4 * 1024 * 1024 }: GrpcClientOptions = {},
): C {
  return new ClientClass(`unix:${socketPath}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.max_receive_message_length': maxResponseBytes,
    'grpc.enable_retries': 0,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.use_local_subchannel_pool': 1,
  });
}

/** Makes one unary call: `callUnary(client, 'mount', request, limits, clock)`. Throws a KeyferryError with the server's text. */
export function callUnary<C extends Client, Name extends MethodName<C>>(
  client: C,
  name: Name,
  request: RequestOf<C[Name]>,
  { timeoutMs, signal }: CallLimits,
  clock: Clock,
): Promise<ResponseOf<C[Name]>> {
  return new Promise((resolve, reject) => {
    const method = client[name] as UnaryMethod<RequestOf<C[Name]>, ResponseOf<C[Name]>>;
    const onAbort = () => call.cancel();
    const settle = (error: ServiceError | null, response: ResponseOf<C[Name]>): void => {
      signal?.removeEventListener('abort', onAbort);
      if (error === null) resolve(response);
      else reject(errorOfStatus(error));
    };
    const options = { deadline: clock.now() + timeoutMs };
    let call: ReturnType<typeof method>;
    try {
      call = method.call(client, request, new Metadata(), options, settle);
    } catch (error) {
      // Somebody closed the client since the caller got it.
      reject(new KeyferryError('unavailable', 'Connection dropped', { cause: error }));
      return;
    }
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Waits until the client is connected, trying again and again. Throws `unavailable` after `timeoutMs`, and when `signal` aborts. */
export function waitForConnection(client: Client, { timeoutMs, signal }: CallLimits, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopListening = signal && onAbort(signal, () => reject(new KeyferryError('aborted', 'the caller gave up')));
    client.waitForReady(clock.now() + timeoutMs, (error) => {
      stopListening?.();
      if (error === undefined) resolve();
      else reject(new KeyferryError('unavailable', `not connected within ${timeoutMs} ms`, { cause: error }));
    });
  });
}
