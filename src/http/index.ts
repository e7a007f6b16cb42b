export { readBody } from './body.ts';
export { createConnectionReset } from './connection-reset.ts';
export { startHttpServer, type HttpServer, type HttpServerOptions } from './server.ts';
