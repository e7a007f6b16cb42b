export { beginWork, createLabClock, machineTime, type LabClock } from './lab-clock.ts';
export { followClock } from './moved/follow-clock.ts';
export {
  CLOCK_FILE_VARIABLE,
  createProcessClock,
  type ProcessClock,
  type ProcessClockOptions,
} from './process-clock.ts';
