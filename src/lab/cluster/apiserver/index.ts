export type { VerifiedToken } from './auth/service-account-tokens.ts';
export { startApiServer, type ApiServer, type ApiServerOptions, type KubeconfigRequest } from './server.ts';
