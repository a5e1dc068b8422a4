import * as sdk from '@aws-sdk/client-eks';
import { inWords } from '../../control/constraints.ts';
import type { Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { accessController } from './controllers/access.ts';
import { addonController, bootstrapController } from './controllers/addons.ts';
import { clusterController } from './controllers/clusters.ts';
import { fargatePodController } from './controllers/fargate/pods.ts';
import { fargateProfileController } from './controllers/fargate/profiles.ts';
import { loadBalancingController } from './controllers/load-balancing/index.ts';
import { nodegroupController } from './controllers/nodegroups.ts';
import { nodeController } from './controllers/nodes.ts';
import { podIdentityController } from './controllers/pod-identity.ts';
import { storageController } from './controllers/storage/index.ts';
import { invalidParameter } from './errors.ts';
import { missing } from './missing.ts';
import { serveIssuers } from './oidc/serve.ts';
import { operations } from './operations.ts';
import { memberSurface } from './surface.ts';

/**
 * Amazon Elastic Kubernetes Service, after https://docs.aws.amazon.com/eks/latest/APIReference/.
 *
 * Faithful to: clusters of upstream Kubernetes whose control plane (etcd, API server, controller manager, scheduler) is Gantry's to
 * keep, in three zones behind a network load balancer; update of endpoint access, logging, authentication mode; `get-token`; access
 * entries, access policies and aws-auth; managed node groups; Fargate profiles; Services and Ingresses by ELB; add-ons coredns, kube-proxy, vpc-cni and aws-ebs-csi-driver; the five kinds of logs; tags;
 * roles for service accounts, with an OIDC issuer a cluster.
 * Missing: upgrades of the version, identity providers of a cluster, pod identity associations, encryption by KMS, Auto Mode, hybrid nodes.
 * By design: the control plane's interfaces and its firewall (`eks-endpoint-…`) are in the customer's VPC alone, where AWS has most in
 * one of its own; the instances are hidden. On machines of one zone, or with GANTRY_EKS_ZONES=1, a control plane has one member.
 * kube-proxy and the VPC CNI are processes of each node.
 */
export const eks: Service = {
  name: 'eks',
  protocol: { name: 'restJson1' },
  sdk,
  operations,
  missing,
  constraints,
  invalid: (faults) => invalidParameter(inWords(faults)),
  controllers: [clusterController, bootstrapController, accessController, addonController, nodegroupController, nodeController, fargateProfileController, fargatePodController, loadBalancingController, storageController, podIdentityController],
  surfaces: [memberSurface],
  serve: serveIssuers,
};

/** What STS verifies tokens of service accounts with. */
export { issuerKeys } from './oidc/issuer.ts';
/** What the metadata service of a machine on Fargate answers for its role. */
export { credentialsForSandbox } from './controllers/fargate/credentials.ts';
