import { goProgram } from './go.ts';

const SDK = 'github.com/Azure/azure-sdk-for-go/sdk';

/** The program of ../sdk/go, with azidentity and azsecrets. */
export const azureSdkGo = goProgram({
  name: 'azure-sdk-go',
  summary: 'azidentity and azsecrets (Go module proxy; some 20 seconds)',
  source: new URL('../sdk/go/', import.meta.url),
  files: ['main.go'],
  libraries: { [`${SDK}/azidentity`]: 'azidentity', [`${SDK}/security/keyvault/azsecrets`]: 'azsecrets' },
});
