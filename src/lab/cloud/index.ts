export { startCloud, type Cloud, type CloudOptions, type CloudStatus, type VaultSummary } from './cloud.ts';
export type { ClusterHost, ClusterSpec, IssuerDocuments } from './clusters.ts';
export type { Directory, FederatedIdentityCredential, Principal, Subscription, Tenant } from './directory.ts';
export type { LabDirectory, NewApplication } from './directory-store.ts';
export type { AuditLog, AuditRecord } from './service.ts';
export type { NodeMetadata } from './node-metadata.ts';
export type { ListenAddress } from './gateway/index.ts';
export {
  checkIssuers,
  mappedIssuerSchema,
  parseIssuerMap,
  type IssuerCheck,
  type IssuerMapText,
  type MappedIssuer,
} from './issuer-map/index.ts';
