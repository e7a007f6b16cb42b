import { foundIf, type Check } from './check.ts';

/** Windows nodes that upstream serves. */
export const windowsNodes: Check = {
  weight: 'mend first',
  meaning: 'Keyferry runs on Linux nodes only. Pods on Windows nodes would find no driver any more.',
  mend: "Keep upstream's driver and provider for the Windows nodes (their charts with linux.enabled=false), and see docs/migration.md for who owns the shared objects then; or move those pods first.",
  find: ({ cluster: { windowsNodes: nodes, components } }) => {
    const served = components.filter(({ os, role }) => os === 'windows' && role !== 'other-provider');
    if (nodes.length === 0 || served.length === 0) return undefined;
    return foundIf([...served.map(({ at, image }) => `${at}: ${image}`), ...nodes.map((name) => `Node ${name}`)]);
  },
};
