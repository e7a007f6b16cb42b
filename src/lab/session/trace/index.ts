export { traceLabPod, type TraceRequest } from './gather.ts';
export type { Attempt, Hop, Trace, TraceEnd, VolumeTrace } from './trace.ts';
