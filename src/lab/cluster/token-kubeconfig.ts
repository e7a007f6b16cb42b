import { stringify } from 'yaml';
import type { Secret } from '#base';

/** A client of the API server that has a token. */
export interface TokenKubeconfig {
  /** Names the cluster and the context. */
  readonly clusterName: string;
  readonly url: string;
  readonly caPem: string;
  readonly userName: string;
  readonly token: Secret<string>;
}

/** A kubeconfig (YAML) of a user with a token. It holds the token in the clear: write it to a tmpfs, mode 0600. */
export function renderTokenKubeconfig({ clusterName, url, caPem, userName, token }: TokenKubeconfig): string {
  const certificateAuthority = Buffer.from(caPem).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: clusterName, cluster: { server: url, 'certificate-authority-data': certificateAuthority } }],
    users: [{ name: userName, user: { token: token.expose() } }],
    contexts: [{ name: clusterName, context: { cluster: clusterName, user: userName } }],
    'current-context': clusterName,
  });
}
