export { createArm, type ArmDeps, type ArmService, type IdentitySummary, type VaultSummary } from './arm-service.ts';
