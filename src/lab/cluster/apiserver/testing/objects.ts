/** Where the kinds that most tests use are served. */
export const PODS = { group: '', version: 'v1', resource: 'pods' };
/** ConfigMaps. */
export const MAPS = { group: '', version: 'v1', resource: 'configmaps' };
/** Secrets. */
export const SECRETS = { group: '', version: 'v1', resource: 'secrets' };
/** Namespaces. */
export const NAMESPACES = { group: '', version: 'v1', resource: 'namespaces' };
/** Deployments. */
export const DEPLOYMENTS = { group: 'apps', version: 'v1', resource: 'deployments' };
/** CustomResourceDefinitions. */
export const CRDS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };

/** Where an object is in the namespace `default`. */
export const key = (name: string) => ({ namespace: 'default', name });

/** A ConfigMap to create. */
export const map = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data });

/** A pod to create, with one container `c`. */
export const pod = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
});

/** A Deployment `d` to create, whose pods are labelled `app=d`. */
export const deployment = (replicas = 1) => ({
  metadata: { name: 'd' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});
