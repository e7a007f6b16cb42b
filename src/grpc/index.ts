export { callUnary, createGrpcClient, waitForConnection, type CallLimits, type GrpcClientOptions } from './client.ts';
export {
  grpcService,
  startGrpcServer,
  type CallContext,
  type GrpcServer,
  type GrpcServerOptions,
  type GrpcService,
  type UnaryHandler,
  type UnaryHandlers,
} from './server.ts';
export type { GrpcStatus } from './status.ts';
