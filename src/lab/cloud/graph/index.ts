export { createGraph } from './graph-service.ts';
