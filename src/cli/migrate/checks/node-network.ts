import { foundIf, type Check, type ReviewedClass } from './check.ts';

/** Ways to an identity that begin on the node itself: its metadata service, and NMI on its loopback address. */
const OF_THE_NODE = ['useVMManagedIdentity', 'usePodIdentity'] as const;

/** The parameters of a class that make its provider ask on the node. */
export function asksOnTheNode({ parsed }: Pick<ReviewedClass, 'parsed'>): string[] {
  const { provider, parameters = {} } = parsed?.value ?? {};
  if (provider !== 'azure') return [];
  return OF_THE_NODE.filter((name) => ['1', 't', 'true'].includes(parameters[name]?.trim().toLowerCase() ?? ''));
}

/** Classes whose identity comes from the node, which upstream's provider reaches by the node's network. */
export const nodeNetwork: Check = {
  weight: 'changes',
  meaning:
    "These classes take their identity from the node. Upstream's provider is in the node's network; Keyferry's pods are not, unless they are told to be, and many clusters keep pods from the metadata service.",
  mend: 'The values below set hostNetwork. Where the add-on made the identity, it goes with the add-on: assign another one to the nodes first.',
  find: ({ classes }) =>
    foundIf(classes.flatMap((each) => asksOnTheNode(each).map((parameter) => `${each.at}: ${parameter}: "true"`))),
};
