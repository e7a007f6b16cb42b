export { readBody } from './body.ts';
export { startHttpServer, type HttpServer, type HttpServerOptions } from './server.ts';
