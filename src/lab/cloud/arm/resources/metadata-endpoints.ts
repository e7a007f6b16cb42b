import { AZURE_CLOUDS } from '../../azure-clouds.ts';
import { json, queryValue } from '../../rest/request.ts';

/** Whether `url` asks for the endpoints of the cloud, which needs no token. */
export function isMetadataRequest(url: URL): boolean {
  return /^\/+metadata\/endpoints\/?$/i.test(url.pathname);
}

/**
 * The endpoints of the clouds that the lab answers for, in the shape of the asked api-version: one object of the cloud
 * that was asked, a list of all, or the oldest, short form (azure-cli and the Terraform provider read them).
 */
export function renderMetadata(url: URL): Response {
  const version = queryValue(url, 'api-version') ?? '2015-01-01';
  const clouds = AZURE_CLOUDS.map(renderCloud);
  const asked = AZURE_CLOUDS.findIndex(({ managementHosts }) =>
    managementHosts.some((host) => host === url.hostname.toLowerCase()),
  );
  const own = clouds[Math.max(asked, 0)];
  if (version < '2018-05-01') {
    return json(200, {
      galleryEndpoint: own?.gallery,
      graphEndpoint: own?.graph,
      portalEndpoint: own?.portal,
      authentication: own?.authentication,
    });
  }
  return json(200, version < '2022-09-01' ? clouds : own);
}

function renderCloud(cloud: (typeof AZURE_CLOUDS)[number]) {
  const [managementHost, classicHost] = cloud.managementHosts;
  const [graphHost] = cloud.graphHosts;
  const domain = managementHost.replace('management.', '');
  const manager = `https://${managementHost}/`;
  return {
    name: cloud.name,
    portal: `https://portal.${domain}`,
    gallery: `https://gallery.${domain}/`,
    graph: `https://graph.${classicHost.replace('management.core.', '')}/`,
    graphAudience: `https://${graphHost}/`,
    authentication: {
      loginEndpoint: `https://${cloud.loginHosts[0]}`,
      audiences: [`https://${classicHost}/`, manager],
      tenant: 'common',
      identityProvider: 'AAD',
    },
    resourceManager: manager,
    microsoftGraphResourceId: `https://${graphHost}/`,
    media: `https://rest.media.${domain}`,
    suffixes: {
      keyVaultDns: cloud.vaultSuffix,
      storage: classicHost.replace('management.', ''),
      mhsmDns: cloud.vaultSuffix.replace('vault.', 'managedhsm.'),
    },
  };
}
