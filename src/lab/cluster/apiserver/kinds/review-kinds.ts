/** A question that is posted and answered, and never stored. */
export interface ReviewKind {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const AUTHENTICATION = { group: 'authentication.k8s.io', version: 'v1', namespaced: false };
const AUTHORIZATION = { group: 'authorization.k8s.io', version: 'v1', namespaced: false };

/** Every review that is served. */
export const REVIEW_KINDS = [
  { ...AUTHENTICATION, resource: 'tokenreviews', kind: 'TokenReview' },
  { ...AUTHENTICATION, resource: 'selfsubjectreviews', kind: 'SelfSubjectReview' },
  { ...AUTHORIZATION, resource: 'subjectaccessreviews', kind: 'SubjectAccessReview' },
  { ...AUTHORIZATION, resource: 'localsubjectaccessreviews', kind: 'LocalSubjectAccessReview', namespaced: true },
  { ...AUTHORIZATION, resource: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview' },
  { ...AUTHORIZATION, resource: 'selfsubjectrulesreviews', kind: 'SelfSubjectRulesReview' },
] as const satisfies readonly ReviewKind[];

/** The kind of a review. */
export type ReviewName = (typeof REVIEW_KINDS)[number]['kind'];
