import { foundIf, type Check } from './check.ts';

/** The audiences of the tokens that Keyferry's CSIDriver asks kubelet for. */
export const AUDIENCES = ['api://AzureADTokenExchange', 'api://AKSIdentityBinding'] as const;

/** Tokens that kubelet passes to the driver today and that Keyferry's CSIDriver object would not ask for. */
export const tokenRequests: Check = {
  weight: 'changes',
  meaning:
    "The CSIDriver object will ask kubelet for tokens of Azure's two audiences. What it asks for today is something else.",
  mend: 'The values below keep what is asked for today beside it; providers of other vendors need their own audiences.',
  find: ({ cluster: { csiDriver } }) => {
    if (csiDriver === undefined) return undefined;
    const requests = csiDriver.spec.tokenRequests ?? [];
    const known: readonly string[] = AUDIENCES;
    return foundIf([
      ...requests
        .filter(({ audience, expirationSeconds }) => !known.includes(audience) || typeof expirationSeconds === 'number')
        .map(({ audience, expirationSeconds }) => {
          const time = typeof expirationSeconds === 'number' ? `, expirationSeconds ${expirationSeconds}` : '';
          return `CSIDriver ${csiDriver.metadata.name}: tokenRequests has the audience "${audience}"${time}`;
        }),
      ...AUDIENCES.filter((audience) => !requests.some((request) => request.audience === audience)).map(
        (audience) => `CSIDriver ${csiDriver.metadata.name}: tokenRequests lacks ${audience}`,
      ),
    ]);
  },
};
