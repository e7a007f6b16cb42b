export { runAz } from './run.ts';
export type { AzIo } from './io.ts';
