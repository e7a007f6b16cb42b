import { isOn } from '../cluster/go-flags.ts';
import { foundIf, type Check } from './check.ts';

/** Upstream's interval where none is given. */
const DEFAULT_INTERVAL = '2m';

/** Whether and when volumes are refreshed. */
export const rotation: Check = {
  weight: 'changes',
  meaning:
    "Keyferry's chart refreshes volumes unless it is told not to, and its interval is the time between two checks of a volume. Upstream refreshes only where rotation is on; its 1.6 checks an unchanged volume at each call of kubelet's, its 1.5 one volume after the other.",
  mend: 'The values below keep what is set today. Take enableSecretRotation out of them to have changes in the vault reach running pods.',
  find: ({ cluster }) =>
    foundIf(
      cluster.components
        .filter(({ role, os }) => role === 'driver' && os === 'linux')
        .map(({ at, flags }) =>
          isOn(flags, 'enable-secret-rotation')
            ? `${at}: rotation is on, --rotation-poll-interval=${flags.get('rotation-poll-interval') ?? DEFAULT_INTERVAL}`
            : `${at}: rotation is off`,
        ),
    ),
};
