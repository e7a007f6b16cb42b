export { mergeAttributes, refuseParametersOfPod, tellParametersOfPod } from './attributes.ts';
export {
  podStatusName,
  SECRET_CLASS_ANNOTATIONS,
  SECRET_CLASS_GROUP,
  SECRET_CLASS_LABELS,
  SECRET_CLASS_RESOURCES,
} from './names.ts';
export { parseSecretProviderClass, type ParsedSecretProviderClass } from './parse.ts';
export { getSecretProviderClass } from './read.ts';
export { factsOfType } from './secret-types.ts';
export type { ClassSecretObject, PodStatusObject, SecretObjectData, SecretProviderClass } from './types.ts';
