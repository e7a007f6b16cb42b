export { createFakeKubeClient, type FakeCall, type FakeKubeClient } from './fake-client.ts';
