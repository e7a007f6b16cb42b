export { runAz } from './run.ts';
export type { AzIo } from './io.ts';
export { AZ_VERSION } from './commands/misc.ts';
