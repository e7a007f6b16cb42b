import type { Cause } from './cause.ts';

const LIST_CREDENTIALS =
  'az identity federated-credential list -g <resource group> --identity-name <identity> -o table';
const SHOW_ISSUER = 'az aks show -g <resource group> -n <cluster> --query oidcIssuerProfile.issuerUrl -o tsv';

/** What can be wrong between a pod's service account token and Entra ID's answer. */
export const IDENTITY_CAUSES = [
  {
    id: 'credential-none',
    title: 'The identity has no federated credential at all',
    section: 'identity',
    place: 'pod-event',
    looksLike: 'AADSTS70025: <application> no configured federated identity credentials',
    why: 'The service account token reached Entra ID, and the application or managed identity with this client id trusts no external token at all.',
    mend: 'Create a federated identity credential for this cluster and this service account.',
    commands: [
      'az identity federated-credential create -g <resource group> --identity-name <identity> -n <name> --issuer <issuer> --subject system:serviceaccount:<namespace>:<service account> --audiences api://AzureADTokenExchange',
    ],
    check: [LIST_CREDENTIALS],
  },
  {
    id: 'subject-case',
    title: 'The subject differs in upper and lower case',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "AADSTS7002138: No matching federated identity record found for presented assertion subject '<subject>'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison.",
    why: 'Subjects are compared character by character. Names in Kubernetes are lower-case, so the credential has a capital letter somewhere.',
    mend: 'Set the subject of the credential to the one in the message.',
    commands: [
      'az identity federated-credential update -g <resource group> --identity-name <identity> -n <name> --issuer <issuer> --subject <subject> --audiences api://AzureADTokenExchange',
    ],
    check: [LIST_CREDENTIALS],
  },
  {
    id: 'issuer-slash',
    title: 'The issuer differs, often by the slash at its end',
    section: 'identity',
    place: 'pod-event',
    looksLike: "AADSTS700211: No matching federated identity record found for presented assertion issuer '<issuer>'.",
    why: 'The identity has federated credentials, but none with the issuer of this cluster. Issuers are compared character by character, and those of AKS end with a slash.',
    mend: 'Set the issuer of the credential to the one in the message. It is the URL that the cluster publishes.',
    commands: [
      'az identity federated-credential update -g <resource group> --identity-name <identity> -n <name> --issuer <issuer> --subject system:serviceaccount:<namespace>:<service account> --audiences api://AzureADTokenExchange',
    ],
    check: [SHOW_ISSUER, LIST_CREDENTIALS],
  },
] as const satisfies readonly Cause[];
