export { createArm, type ArmService } from './arm-service.ts';
