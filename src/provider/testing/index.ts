export { objectSpec } from './object-spec.ts';
export { createFakeAzure, type FakeAzure } from './fake-azure.ts';
export { createTestIssuer, type TestIssuer, type TokenClaims } from './test-issuer.ts';
