export { captureAz, type AzResult } from './capture.ts';
export type { AzIo } from './io.ts';
export { MSAL_CACHE, userEntries } from './msal-cache.ts';
export { dropStaleTokens } from './stale-tokens.ts';
export { runAz } from './run.ts';
