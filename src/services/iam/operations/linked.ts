import { uuid } from '../../../control/uuid.ts';
import { roleArn } from '../arns.ts';
import { invalidInput, noSuchEntity, unmodifiableEntity } from '../errors.ts';
import { uniqueId, toSeconds } from '../ids.ts';
import { findRole, roleNamed } from '../lookups.ts';
import { globally, nameKey, type Role, roles } from '../records.ts';
import { type Family, transact } from './common.ts';
import { roleShape } from './shapes.ts';

/**
 * Service-linked roles: a role that a service makes for itself and alone may change.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
 */
const LINKED = new Map<string, { role: string; policy: string; suffix?: true }>(Object.entries({
  'autoscaling.amazonaws.com': { role: 'AWSServiceRoleForAutoScaling', policy: 'AutoScalingServiceRolePolicy', suffix: true },
  'ecs.amazonaws.com': { role: 'AWSServiceRoleForECS', policy: 'AmazonECSServiceRolePolicy' },
  'ecs.application-autoscaling.amazonaws.com': { role: 'AWSServiceRoleForApplicationAutoScaling_ECSService', policy: 'AWSApplicationAutoscalingECSServicePolicy' },
  'eks.amazonaws.com': { role: 'AWSServiceRoleForAmazonEKS', policy: 'AmazonEKSServiceRolePolicy' },
  'eks-fargate.amazonaws.com': { role: 'AWSServiceRoleForAmazonEKSForFargate', policy: 'AmazonEKSForFargateServiceRolePolicy' },
  'eks-nodegroup.amazonaws.com': { role: 'AWSServiceRoleForAmazonEKSNodegroup', policy: 'AWSServiceRoleForAmazonEKSNodegroup' },
  'elasticloadbalancing.amazonaws.com': { role: 'AWSServiceRoleForElasticLoadBalancing', policy: 'AWSElasticLoadBalancingServiceRolePolicy' },
  'spot.amazonaws.com': { role: 'AWSServiceRoleForEC2Spot', policy: 'AWSEC2SpotServiceRolePolicy' },
  'spotfleet.amazonaws.com': { role: 'AWSServiceRoleForEC2SpotFleet', policy: 'AWSEC2SpotFleetServiceRolePolicy' },
}));

export function refuseLinked(role: Role): void {
  if (role.linkedService !== undefined) {
    throw unmodifiableEntity(`Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`);
  }
}

export const linkedRoleOperations = {
  CreateServiceLinkedRole: {
    resources: (input, { account }) => [roleArn(account, { path: `/aws-service-role/${input.AWSServiceName}/`, name: LINKED.get(input.AWSServiceName ?? '')?.role ?? '*' })],
    conditions: (input) => ({ 'iam:AWSServiceName': input.AWSServiceName ?? '' }),
    async run(input, context) {
      const service = input.AWSServiceName ?? '';
      const kind = LINKED.get(service);
      if (!kind) throw invalidInput(`Service ${service} is not supported for service-linked roles.`);
      if (input.CustomSuffix && !kind.suffix) throw invalidInput(`Custom suffix is not allowed for ${service}`);
      const name = input.CustomSuffix ? `${kind.role}_${input.CustomSuffix}` : kind.role;
      const role: Role = {
        name, id: uniqueId(context, 'AROA'), path: `/aws-service-role/${service}/`, createdAt: toSeconds(context.now()),
        attachedPolicies: [`arn:aws:iam::aws:policy/aws-service-role/${kind.policy}`], inlinePolicies: {}, tags: {}, maxSessionSeconds: 3600, linkedService: service,
        trustPolicy: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] }),
        ...(input.Description === undefined ? {} : { description: input.Description }),
      };
      return transact(context, async () => {
        if (await findRole(context, context, name)) throw invalidInput(`Service role name ${name} has been taken in this account, please try a different suffix.`);
        return { changes: [roles.put(roles.key(globally(context), nameKey(name)), role, 0)], result: { Role: roleShape(context.account, role) } };
      });
    },
  },

  /** Done at once, where AWS takes some seconds; the task's id says which role it was. */
  DeleteServiceLinkedRole: {
    resources: async (input, context) => [roleArn(context.account, (await findRole(context, context, input.RoleName ?? ''))?.value ?? { path: '/aws-service-role/', name: input.RoleName ?? '' })],
    run: (input, context) => transact(context, async () => {
      const { value, key, revision } = await roleNamed(context, context, input.RoleName ?? '');
      if (value.linkedService === undefined) throw invalidInput(`${value.name} is not a service-linked role.`);
      const task = uuid(context.randomHex(32));
      return { changes: [{ delete: key, expect: revision }], result: { DeletionTaskId: `task${value.path}${value.name}/${task}` } };
    }),
  },

  GetServiceLinkedRoleDeletionStatus: {
    run({ DeletionTaskId: id = '' }) {
      if (!/^task\/aws-service-role\/[^/]+\/[^/]+\/[0-9a-f-]{36}$/.test(id)) throw noSuchEntity(`Deletion task ${id} cannot be found.`);
      // A task's id is answered only once its role is gone.
      return { Status: 'SUCCEEDED' };
    },
  },
} satisfies Family;
