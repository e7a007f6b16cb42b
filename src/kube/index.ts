export {
  createKubeClient,
  type CallOptions,
  type KubeClient,
  type KubeClientOptions,
  type KubeListQuery,
  type KubeObjectList,
  type KubePatch,
  type KubeWatchQuery,
  type LogsRequest,
} from './client.ts';
export {
  inClusterConfig,
  loadKubeconfig,
  parseKubeconfig,
  type InClusterOptions,
  type KubeConfig,
  type KubeconfigOptions,
} from './config.ts';
export { isReason } from './errors.ts';
export { createEventRecorder, type EventRecorder, type EventRecorderOptions, type EventTarget } from './events.ts';
export type { ExecRequest, ExecResult } from './exec.ts';
export { startInformer, type Informer, type InformerChange, type InformerOptions } from './informer.ts';
export { applyManifests, parseManifests, type ApplyOptions } from './manifests.ts';
export { RESOURCES, type ObjectKey } from './resources.ts';
export { startWatchLoop, type ObjectEvent, type WatchLoop, type WatchLoopOptions } from './watch-loop.ts';
export type {
  ConfigMap,
  Container,
  ContainerStatus,
  EnvVar,
  Event,
  KubeObject,
  Node,
  ObjectMeta,
  OwnerReference,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
  ResourceRef,
  SecretObject,
  ServiceAccount,
  StatusBody,
  Volume,
  WatchEvent,
} from './types.ts';
