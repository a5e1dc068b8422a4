/**
 * AWS's access policies that Gantry can put in force, each by a ClusterRole of Kubernetes that grants the same
 * (https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html).
 */
const PREFIX = 'arn:aws:eks::aws:cluster-access-policy/';

const CLUSTER_ROLES = {
  AmazonEKSClusterAdminPolicy: 'cluster-admin',
  AmazonEKSAdminPolicy: 'admin',
  AmazonEKSAdminViewPolicy: 'eks:admin-view',
  AmazonEKSEditPolicy: 'edit',
  AmazonEKSViewPolicy: 'view',
} as const;

export const ACCESS_POLICIES = Object.keys(CLUSTER_ROLES).map((name) => ({ name, arn: `${PREFIX}${name}` }));
export const CLUSTER_ADMIN_POLICY = `${PREFIX}AmazonEKSClusterAdminPolicy`;

/** The ClusterRole that stands for the policy; undefined for an ARN that is not known. */
export const clusterRoleOf = (policyArn: string) => (policyArn.startsWith(PREFIX) ? CLUSTER_ROLES[policyArn.slice(PREFIX.length) as keyof typeof CLUSTER_ROLES] : undefined);
