export { openEntra, type Entra, type EntraDeps } from './entra.ts';
export type { UserGrants } from './user-grants.ts';
