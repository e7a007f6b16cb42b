export { createArmLab, SUBSCRIPTION, type ArmAnswer, type ArmLab, type JsonBody } from './arm-lab.ts';
