export { az, type AzResult } from './memory-io.ts';
