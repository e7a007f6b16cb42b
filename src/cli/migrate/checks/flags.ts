import type { Component } from '../cluster/components.ts';
import { foundIf, type Check, type KnownFlags } from './check.ts';

/** What says where a process of upstream's listens or who it is; the chart has ways of its own for that. */
const OF_THE_CHART = ['endpoint', 'nodeid', 'drivername', 'v', 'log-format-json', 'kubeconfig'];
/** Flags of the provider's own socket and ports, which fall away in one process with the driver. */
const OF_THE_PROVIDER_PROCESS = [
  'healthz-port',
  'healthz-path',
  'healthz-timeout',
  'prometheus-port',
  'metrics-backend',
  'driver-write-secrets',
];

/** Why a flag of a component does nothing in `keyferry node`; undefined where it does something. */
function whyWithoutEffect(component: Component, name: string, known: KnownFlags): string | undefined {
  if (OF_THE_CHART.includes(name)) return undefined;
  if (component.role === 'azure-provider' && OF_THE_PROVIDER_PROCESS.includes(name)) {
    return "of the provider's own process; driver and provider are one, with one address for metrics and health";
  }
  const flag = Object.hasOwn(known, name) ? known[name] : undefined;
  if (flag === undefined) return 'Keyferry has no such flag';
  return flag.group === 'without effect' ? flag.help : undefined;
}

/** Flags of the running programs that do nothing in Keyferry. */
export const flagsWithoutEffect: Check = {
  weight: 'good to know',
  meaning: 'These flags of the running programs have no effect in Keyferry.',
  mend: 'Nothing, unless the reason says otherwise. docs/flags.md has all flags.',
  find: ({ cluster, nodeFlags }) =>
    foundIf(
      cluster.components
        .filter(({ role, os }) => (role === 'driver' || role === 'azure-provider') && os === 'linux')
        .flatMap((component) =>
          [...component.flags].flatMap(([name, value]) => {
            const why = whyWithoutEffect(component, name, nodeFlags);
            return why === undefined ? [] : [`${component.at}: --${name}=${value}: ${why}`];
          }),
        ),
    ),
};
