export { openEntra } from './entra.ts';
