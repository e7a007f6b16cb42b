export { splitWords } from '../capture.ts';
export { COMMAND_PATHS } from './command-paths.ts';
export { az } from './run-az.ts';
