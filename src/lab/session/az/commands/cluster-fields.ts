import type { FieldTable } from '../fields.ts';

/**
 * The fields of a managed cluster in the order of az's Python model (azure-mgmt-containerservice 41.6, api-version
 * 2026-06-01), as far as the lab's clusters can have their objects. az prints every one of them, null where Azure sent
 * none; what a field's object has inside is filled in only when the object is there.
 */
export const CLUSTER_FIELDS: FieldTable = {
  '': 'aadProfile addonProfiles agentPoolProfiles aiToolchainOperatorProfile apiServerAccessProfile autoScalerProfile autoUpgradeProfile azureMonitorProfile azurePortalFqdn bootstrapProfile currentKubernetesVersion disableLocalAccounts diskEncryptionSetId dnsPrefix eTag enableRbac extendedLocation fqdn fqdnSubdomain hostedSystemProfile httpProxyConfig id identity identityProfile ingressProfile kind kubernetesVersion linuxProfile location maxAgentPools metricsProfile name networkProfile nodeProvisioningProfile nodeResourceGroup nodeResourceGroupProfile oidcIssuerProfile podIdentityProfile powerState privateFqdn privateLinkResources provisioningState publicNetworkAccess resourceUid schedulerProfile securityProfile serviceMeshProfile servicePrincipalProfile sku status storageProfile supportPlan systemData tags type upgradeSettings windowsProfile workloadAutoScalerProfile',
  'agentPoolProfiles[]':
    'artifactStreamingProfile availabilityZones capacityReservationGroupId count creationData currentOrchestratorVersion eTag enableAutoScaling enableEncryptionAtHost enableFips enableNodePublicIp enableUltraSsd gatewayProfile gpuInstanceProfile gpuProfile hostGroupId kubeletConfig kubeletDiskType linuxOsConfig localDnsProfile maxCount maxPods messageOfTheDay minCount mode name networkProfile nodeImageVersion nodeLabels nodePublicIpPrefixId nodeTaints orchestratorVersion osDiskSizeGb osDiskType osSku osType podIpAllocationMode podSubnetId powerState provisioningState proximityPlacementGroupId scaleDownMode scaleSetEvictionPolicy scaleSetPriority securityProfile spotMaxPrice status tags type upgradeSettings virtualMachineNodesStatus virtualMachinesProfile vmSize vnetSubnetId windowsProfile workloadRuntime',
  'agentPoolProfiles[].upgradeSettings':
    'drainTimeoutInMinutes maxSurge maxUnavailable nodeSoakDurationInMinutes undrainableNodeBehavior',
  'agentPoolProfiles[].powerState': 'code',
  'agentPoolProfiles[].securityProfile': 'enableSecureBoot enableVtpm sshAccess',
  'agentPoolProfiles[].networkProfile': 'allowedHostPorts applicationSecurityGroups dranet nodePublicIpTags',
  'addonProfiles[]': 'config enabled identity',
  aadProfile: 'adminGroupObjectIDs clientAppId enableAzureRbac managed serverAppId serverAppSecret tenantId',
  apiServerAccessProfile:
    'authorizedIpRanges disableRunCommand enablePrivateCluster enablePrivateClusterPublicFqdn enableVnetIntegration privateDnsZone subnetId',
  autoUpgradeProfile: 'nodeOsUpgradeChannel upgradeChannel',
  azureMonitorProfile: 'appMonitoring containerInsights metrics',
  bootstrapProfile: 'artifactSource containerRegistryId',
  httpProxyConfig: 'enabled httpProxy httpsProxy noProxy trustedCa',
  identity: 'delegatedResources principalId tenantId type userAssignedIdentities',
  'identityProfile[]': 'clientId objectId resourceId',
  ingressProfile: 'gatewayApi webAppRouting',
  linuxProfile: 'adminUsername ssh',
  networkProfile:
    'advancedNetworking dnsServiceIp ipFamilies loadBalancerProfile loadBalancerSku natGatewayProfile networkDataplane networkMode networkPlugin networkPluginMode networkPolicy outboundType podCidr podCidrs serviceCidr serviceCidrs staticEgressGatewayProfile',
  'networkProfile.advancedNetworking': 'enabled observability performance security',
  'networkProfile.loadBalancerProfile':
    'allocatedOutboundPorts backendPoolType effectiveOutboundIPs enableMultipleStandardLoadBalancers idleTimeoutInMinutes managedOutboundIPs outboundIPs outboundIpPrefixes',
  'networkProfile.loadBalancerProfile.managedOutboundIPs': 'count countIpv6',
  oidcIssuerProfile: 'enabled issuerUrl',
  powerState: 'code',
  securityProfile: 'azureKeyVaultKms customCaTrustCertificates defender imageCleaner workloadIdentity',
  'securityProfile.azureKeyVaultKms': 'enabled keyId keyVaultNetworkAccess keyVaultResourceId',
  'securityProfile.defender': 'logAnalyticsWorkspaceResourceId securityGating securityMonitoring',
  'securityProfile.imageCleaner': 'enabled intervalHours',
  'securityProfile.workloadIdentity': 'enabled',
  servicePrincipalProfile: 'clientId secret',
  sku: 'name tier',
  storageProfile: 'blobCsiDriver diskCsiDriver fileCsiDriver snapshotController',
  upgradeSettings: 'overrideSettings',
  windowsProfile: 'adminPassword adminUsername enableCsiProxy gmsaProfile licenseType',
  workloadAutoScalerProfile: 'keda verticalPodAutoscaler',
  'identity.userAssignedIdentities[]': 'clientId principalId',
};
