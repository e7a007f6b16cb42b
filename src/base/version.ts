/** Put in place of this name when the program is bundled (tools/build.mjs). */
declare const KEYFERRY_VERSION: string | undefined;

/** Keyferry's version, from package.json; `0.0.0-dev` when it runs from its sources. */
export const VERSION: string = typeof KEYFERRY_VERSION === 'string' ? KEYFERRY_VERSION : '0.0.0-dev';
