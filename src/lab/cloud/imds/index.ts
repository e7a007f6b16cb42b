export { type AssignedIdentities } from './choose-identity.ts';
export { createImds, IMDS_HOST } from './imds.ts';
export { type NodeFacts } from './instance-metadata.ts';
