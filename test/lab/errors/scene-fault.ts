import type { FaultRequest } from '#lab/session';
import type { Scene, Stage } from './scene.ts';

/**
 * A service of the lab fails on purpose, and then no more. `before` runs before the fault begins: it may make the lab
 * forget what it knows of the service.
 */
export function withFault(fault: (stage: Stage) => FaultRequest, before?: (stage: Stage) => Promise<unknown>): Scene {
  let id = '';
  return {
    alone: true,
    async break(stage) {
      await before?.(stage);
      ({ id } = await stage.lab.lab.control.faults.add(fault(stage)));
    },
    mend: ({ lab }) => lab.lab.control.faults.clear([id]),
  };
}
