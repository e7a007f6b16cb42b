export { createFakeClock, type FakeClock } from './fake-clock.ts';
export { createFakeRandom } from './fake-random.ts';
export { createMemoryLog, type LogLine, type MemoryLog } from './memory-log.ts';
