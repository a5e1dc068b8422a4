import type * as Sdk from '@aws-sdk/client-eks';
import type { Installation } from '../../wire/installation.ts';
import { issuerName } from '../../wire/issuer.ts';
import type { AccessEntry, Addon, AssociatedPolicy, Cluster, LogType, Pki, Update } from './records.ts';
import { versionOf } from './versions.ts';

/** From records to AWS's shapes. */

export const LOG_TYPES: readonly LogType[] = ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'];

export const issuerOf = (cluster: Pick<Cluster, 'id'>, installation: Pick<Installation, 'region' | 'domain'>) =>
  `https://${issuerName(installation)}/id/${cluster.id.toUpperCase()}`;

export function clusterShape(cluster: Cluster, pki: Pki | undefined, installation: Installation): Sdk.Cluster {
  const up = cluster.status !== 'CREATING' && pki;
  const disabled = LOG_TYPES.filter((type) => !cluster.logging.includes(type));
  const clusterLogging = [...(cluster.logging.length ? [{ types: [...cluster.logging], enabled: true }] : []), ...(disabled.length ? [{ types: disabled, enabled: false }] : [])];
  return {
    name: cluster.name, arn: cluster.arn, createdAt: new Date(cluster.createdAt), version: cluster.version, roleArn: cluster.roleArn, status: cluster.status,
    platformVersion: versionOf(cluster.version)?.platformVersion,
    resourcesVpcConfig: {
      subnetIds: cluster.subnetIds, securityGroupIds: cluster.securityGroupIds, clusterSecurityGroupId: cluster.clusterSecurityGroupId, vpcId: cluster.vpcId,
      endpointPublicAccess: cluster.endpointPublicAccess, endpointPrivateAccess: cluster.endpointPrivateAccess, publicAccessCidrs: cluster.publicAccessCidrs,
    },
    kubernetesNetworkConfig: { serviceIpv4Cidr: cluster.serviceCidr, ipFamily: 'ipv4', elasticLoadBalancing: { enabled: false } },
    logging: { clusterLogging },
    ...(up ? { endpoint: `https://${cluster.endpointName}`, certificateAuthority: { data: base64(pki.clusterCa.certificate) }, identity: { oidc: { issuer: issuerOf(cluster, installation) } } } : { certificateAuthority: {} }),
    clientRequestToken: cluster.clientRequestToken,
    tags: cluster.tags,
    health: { issues: cluster.issues.map(({ code, message, resourceIds }) => ({ code: code as Sdk.ClusterIssueCode, message, resourceIds })) },
    accessConfig: { authenticationMode: cluster.authenticationMode, bootstrapClusterCreatorAdminPermissions: cluster.bootstrapClusterCreatorAdminPermissions },
    upgradePolicy: { supportType: cluster.supportType },
    deletionProtection: cluster.deletionProtection,
  };
}

export const updateShape = (update: Update): Sdk.Update => ({
  id: update.id, status: update.status, type: update.type as Sdk.UpdateType, createdAt: new Date(update.createdAt),
  params: update.params.map(({ type, value }) => ({ type: type as Sdk.UpdateParamType, value })),
  errors: update.errors.map(({ errorCode, errorMessage, resourceIds }) => ({ errorCode: errorCode as Sdk.ErrorCode, errorMessage, resourceIds })),
});

export const accessEntryShape = (entry: AccessEntry): Sdk.AccessEntry => ({
  clusterName: entry.cluster, principalArn: entry.principalArn, accessEntryArn: entry.arn, type: entry.type, username: entry.username,
  kubernetesGroups: entry.kubernetesGroups, createdAt: new Date(entry.createdAt), modifiedAt: new Date(entry.modifiedAt), tags: entry.tags,
});

export const policyShape = ({ policyArn, scope, associatedAt, modifiedAt }: AssociatedPolicy): Sdk.AssociatedAccessPolicy => ({
  policyArn, associatedAt: new Date(associatedAt), modifiedAt: new Date(modifiedAt),
  accessScope: { type: scope.type, namespaces: scope.type === 'namespace' ? scope.namespaces : [] },
});

export const addonShape = (addon: Addon): Sdk.Addon => ({
  addonName: addon.name, clusterName: addon.cluster, status: addon.status, addonVersion: addon.version, addonArn: addon.arn,
  createdAt: new Date(addon.createdAt), modifiedAt: new Date(addon.modifiedAt), tags: addon.tags, owner: 'aws', publisher: 'eks',
  serviceAccountRoleArn: addon.serviceAccountRoleArn, configurationValues: addon.configurationValues,
  health: { issues: addon.issues.map(({ code, message, resourceIds }) => ({ code: code as Sdk.AddonIssueCode, message, resourceIds })) },
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
