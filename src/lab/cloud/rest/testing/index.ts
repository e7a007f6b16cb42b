export {
  bearer,
  createFakeAudit,
  createFakeClusters,
  createFakeDirectory,
  createFakeTokens,
  SUBSCRIPTION_ID,
  TENANT_ID,
  USER,
  type FakeAudit,
  type FakeClusters,
  type FakeToken,
} from './fakes.ts';
