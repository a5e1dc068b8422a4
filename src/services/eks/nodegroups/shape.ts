import type * as Sdk from '@aws-sdk/client-eks';
import type { Nodegroup } from '../records.ts';

/** A node group as EKS shows it. */
export const nodegroupShape = (group: Nodegroup): Sdk.Nodegroup => ({
  nodegroupName: group.name, nodegroupArn: group.arn, clusterName: group.cluster, version: group.version, releaseVersion: group.releaseVersion,
  createdAt: new Date(group.createdAt), modifiedAt: new Date(group.modifiedAt), status: group.status, capacityType: group.capacityType,
  scalingConfig: group.scalingConfig, subnets: group.subnetIds, amiType: group.amiType as Sdk.AMITypes, nodeRole: group.nodeRole,
  // With a template of the customer's, these are the template's to say.
  ...(group.instanceTypes.length ? { instanceTypes: group.instanceTypes } : {}), ...(group.launchTemplate ? {} : { diskSize: group.diskSize }),
  labels: group.labels, taints: group.taints,
  resources: group.autoScalingGroupName ? { autoScalingGroups: [{ name: group.autoScalingGroupName }] } : {},
  health: { issues: group.issues.map(({ code, message, resourceIds }) => ({ code: code as Sdk.NodegroupIssueCode, message, ...(resourceIds ? { resourceIds } : {}) })) },
  updateConfig: group.updateConfig, ...(group.launchTemplate ? { launchTemplate: group.launchTemplate } : {}), tags: group.tags,
});
