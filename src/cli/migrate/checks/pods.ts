import { foundIf, type Check } from './check.ts';

const MAX_NAMED = 10;

/** Pods that are there now. */
export const runningPods: Check = {
  weight: 'good to know',
  meaning:
    'These pods have volumes of the driver. They keep their files while no driver runs, and each volume is taken over when kubelet publishes it the next time, within about two minutes. A pod that starts or ends meanwhile waits until there is a driver.',
  mend: 'Nothing.',
  find: ({ cluster: { volumes } }) => {
    const running = [
      ...new Set(volumes.filter(({ ended }) => !ended).map(({ namespace, pod }) => `${namespace}/${pod}`)),
    ];
    const named = running.slice(0, MAX_NAMED).map((name) => `Pod ${name}`);
    return foundIf(running.length > MAX_NAMED ? [...named, `and ${running.length - MAX_NAMED} more`] : named);
  },
};
