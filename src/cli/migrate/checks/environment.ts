import { foundIf, type Check } from './check.ts';

/** What upstream's own charts set. */
const OF_THE_CHARTS = new Set(['CSI_ENDPOINT', 'KUBE_NODE_NAME', 'POD_NAME', 'POD_NAMESPACE']);

/** Variables that somebody gave to the containers, such as those of a proxy. */
export const environment: Check = {
  weight: 'changes',
  meaning: 'The containers have variables that somebody set, such as those of a proxy. Keyferry has one container.',
  mend: 'Give them to extraEnv. Their values are not shown here.',
  find: ({ cluster }) =>
    foundIf(
      cluster.components
        .filter(({ role, os }) => (role === 'driver' || role === 'azure-provider') && os === 'linux')
        .flatMap(({ at, container }) =>
          (container.env ?? [])
            .filter(({ name }) => !OF_THE_CHARTS.has(name))
            .map(({ name }) => `${at}: container ${container.name} has ${name}`),
        ),
    ),
};
