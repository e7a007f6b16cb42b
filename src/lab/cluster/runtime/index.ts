export { formatLogEntry, parseLogEntry, type LogEntry, type LogStream } from './cri-log.ts';
export { mountOf, parseMountInfo, readMounts, type MountEntry } from './mount-table.ts';
export { createProcessRuntime, type ProcessRuntimeOptions } from './process-runtime.ts';
export {
  ContainerStartError,
  type ContainerExit,
  type ContainerHandle,
  type ContainerMount,
  type ContainerRuntime,
  type ContainerSpec,
  type ContainerUser,
  type ImageFacts,
} from './runtime.ts';
