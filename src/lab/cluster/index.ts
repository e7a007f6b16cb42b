export { ApiError, type ApiAccess, type DeleteRequest, type KubeList, type ListQuery } from './api-access.ts';
export { startCluster, type Cluster, type ClusterOptions, type ServiceAccountKubeconfigRequest } from './cluster.ts';
export type { ContainerFile } from './container-extras.ts';
export { imageName, parseLogEntry } from './runtime/index.ts';
export type { ImageFile, LocalImage } from './local-images.ts';
export type { PodSummary } from './pod-summary.ts';
