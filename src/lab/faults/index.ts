export { awaitFault, type FaultOutcome } from './await-fault.ts';
export type { Fault, FaultEffect, FaultSpec, FaultTarget } from './fault.ts';
export { createFaultTable, type BegunFault, type FaultTable, type Faults, type MetFault } from './fault-table.ts';
export { parseFaultSpec } from './parse-fault.ts';
export { renderEffect, renderFault } from './render-fault.ts';
