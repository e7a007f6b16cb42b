export { formatLogEntry, parseLogEntry, type LogEntry } from './cri-log.ts';
export { imageName } from './images.ts';
export { mountOf, readMounts } from './mount-table.ts';
export { createProcessRuntime } from './process-runtime.ts';
export {
  ContainerStartError,
  type ContainerExit,
  type ContainerHandle,
  type ContainerMount,
  type ContainerRuntime,
  type ContainerSpec,
  type ImageFacts,
} from './runtime.ts';
