import type { CommandSpec } from '../command.ts';

/** The release of az whose requests and output the stand-in reproduces. */
export const AZ_VERSION = '2.91.0';

/** `az version`. */
export const versionCommands: readonly CommandSpec[] = [
  {
    path: 'version',
    summary: 'Show the version of az whose behaviour this stand-in has.',
    options: [],
    example: 'version',
    run: () =>
      Promise.resolve({
        'azure-cli': AZ_VERSION,
        'azure-cli-core': AZ_VERSION,
        'azure-cli-telemetry': '1.1.0',
        extensions: {},
        'keyferry-stand-in': true,
      }),
  },
];
