export { serveSpdy, type SpdyConnection, type SpdyStream } from './connection.ts';
