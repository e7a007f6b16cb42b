export { BUILTIN_KINDS } from './kinds/builtin-kinds.ts';
export type { Kind } from './kinds/kind.ts';
export type { VerifiedToken } from './auth/service-account-tokens.ts';
export { startApiServer, type ApiServer, type ApiServerOptions, type KubeconfigRequest } from './server.ts';
