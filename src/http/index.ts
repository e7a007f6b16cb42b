export { readBody } from './body.ts';
export { createConnectionReset } from './connection-reset.ts';
export {
  createBoundedLabel,
  registerCounter,
  registerGauge,
  registerHistogram,
  type BoundedLabel,
  type GaugeValue,
  type MetricSpec,
  type MetricTable,
} from './metric-table.ts';
export { startHttpServer, type HttpServer, type HttpServerOptions } from './server.ts';
