export { AadstsError } from './aadsts.ts';
export { openEntra, type IdentityTokens } from './entra.ts';
