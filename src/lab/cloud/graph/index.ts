export { createGraph, type GraphDeps } from './graph-service.ts';
