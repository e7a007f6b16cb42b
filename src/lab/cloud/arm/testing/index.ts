export { createArmLab, SUBSCRIPTION, type ArmAnswer, type ArmLab, type Caller, type JsonBody } from './arm-lab.ts';
