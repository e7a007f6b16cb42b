export { createBrokerSetup, type BrokerSetup } from './broker-setup.ts';
export { objectSpec } from './object-spec.ts';
export { createFakeAzure, type FakeAzure } from './fake-azure.ts';
export { createTestIssuer, type TestIssuer, type TokenClaims } from './test-issuer.ts';
export { createProviderTests, type ProviderSetup, type ProviderTests } from './provider-setup.ts';
