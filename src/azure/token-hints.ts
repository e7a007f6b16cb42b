const ISSUER_UNREACHABLE =
  "Entra ID cannot read the cluster's OIDC issuer: <issuer>/.well-known/openid-configuration and its keys must answer on the internet";

/**
 * One line of help for the refusals of Entra ID that people meet, by code. A hint ends a pod's event, right after Entra's
 * own text: it says what to change, and leans on the values that the text names.
 */
export const TOKEN_HINTS: Readonly<Record<string, string>> = {
  // The federated identity credential.
  AADSTS70021: 'compare the federated identity credential with the issuer, subject and audience named here',
  AADSTS70025:
    'create a federated identity credential on this identity for the cluster and the service account, or use the clientID of the identity that has one',
  AADSTS700211:
    "set the credential's issuer to the one named here, character by character: those of AKS end with a slash",
  AADSTS700212: "set the credential's audience to api://AzureADTokenExchange",
  AADSTS700213:
    'create a federated identity credential with this subject, or let the pod run as the service account that has one',
  AADSTS7002138: "set the credential's subject to the one named here, in the same upper and lower case",
  // The token and its issuer.
  AADSTS50166: ISSUER_UNREACHABLE,
  AADSTS501661: ISSUER_UNREACHABLE,
  AADSTS90061: ISSUER_UNREACHABLE,
  AADSTS900612: "the issuer's jwks_uri must answer with a JSON set of RSA keys",
  AADSTS7000272:
    "the cluster signs with a key that Entra ID does not know: publish it in the issuer's keys; after a rotation wait some minutes, and restart pods whose tokens are older",
  AADSTS700024:
    "compare the clocks of the node and the API server with the time named here: kubelet's tokens are fresh",
  AADSTS700027: 'the token was not signed with the key that the issuer publishes under its id',
  // The application and its own secret.
  AADSTS700016:
    'check clientID (the client id, not the object id) and tenantID of the SecretProviderClass; an identity that was made again has another client id',
  AADSTS700038: 'clientID of the SecretProviderClass is no client id',
  AADSTS7000112: 'the application is disabled: enable its service principal',
  AADSTS7000229: 'create the service principal of the application: az ad sp create --id <client id>',
  AADSTS7000215:
    'put the value of the client secret, not its id, into the Secret that nodePublishSecretRef names, and check clientid in it',
  AADSTS7000222:
    'the client secret has expired: make a new one and put it into the Secret that nodePublishSecretRef names',
  // The tenant.
  AADSTS90002: 'check tenantID and cloudName of the SecretProviderClass',
  AADSTS900023: 'check tenantID of the SecretProviderClass: it is a tenant id or one of its domains',
};
