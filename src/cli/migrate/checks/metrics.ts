import { foundIf, type Check } from './check.ts';

/** Where metrics are, and what their labels say. */
export const metrics: Check = {
  weight: 'changes',
  meaning:
    "Names of metrics stay. Driver and provider serve theirs at one address, that of the driver (the provider's own, 8898, is gone), and error_type is a code instead of a text.",
  mend: 'Scrape the driver alone, and look through alerts that match whole error texts (docs/metrics.md).',
  find: ({ cluster }) =>
    foundIf(
      cluster.components
        .filter(({ role, os }) => (role === 'driver' || role === 'azure-provider') && os === 'linux')
        .map(({ at, role, flags }) =>
          role === 'driver'
            ? `${at}: serves metrics at ${flags.get('metrics-addr') ?? ':8095'}`
            : `${at}: serves metrics at :${flags.get('prometheus-port') ?? '8898'}`,
        ),
    ),
};
