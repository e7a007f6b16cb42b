export { az } from './run-az.ts';
