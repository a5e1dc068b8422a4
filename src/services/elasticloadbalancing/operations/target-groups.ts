import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CreateTargetGroupInput, TargetGroup as AwsTargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Env, OperationTable, Scope } from '../../../control/service.ts';
import { vpcById } from '../../ec2/index.ts';
import { arnOf } from '../arns.ts';
import { attributeList, changedAttributes, groupAttributes } from '../attributes.ts';
import { failure, invalid, unsupported } from '../errors.ts';
import { defaultHealthCheck, healthCheckFrom } from '../health-checks.ts';
import { summaryKey, targetHealth } from '../health.ts';
import { balancersUsing, groupByArn, requireGroup, transact } from '../lookups.ts';
import { checkName } from '../names.ts';
import { page } from '../paging.ts';
import { targetGroups, targets } from '../records.ts';
import type { TargetGroup } from '../records.ts';
import { tagsOf } from '../tags.ts';
import { deregisterTargets, registerTargets } from '../targets.ts';
import type { TargetDescription } from '../targets.ts';
import { groupsOfBalancer } from './load-balancers.ts';

const MOST_GROUPS = 3000;

async function create(env: Env, scope: Scope, input: CreateTargetGroupInput): Promise<TargetGroup> {
  const name = checkName('target group', input.Name ?? '');
  const targetType = input.TargetType ?? 'instance';
  if (targetType !== 'instance' && targetType !== 'ip') throw unsupported(`The target type '${targetType}'`);
  if (input.Protocol === undefined) throw invalid('A protocol must be specified');
  const protocol = input.Protocol;
  if (protocol !== 'HTTP' && protocol !== 'TCP') throw unsupported(`The target group protocol '${protocol}'`);
  if (protocol === 'TCP' && input.ProtocolVersion) throw invalid(`You cannot specify a protocol version for the protocol TCP`);
  // Terraform sends it empty where none is chosen, and AWS takes that as none.
  if ((input.ProtocolVersion || 'HTTP1') !== 'HTTP1') throw unsupported(`The protocol version '${input.ProtocolVersion}'`);
  if ((input.IpAddressType ?? 'ipv4') !== 'ipv4') throw unsupported(`The IP address type '${input.IpAddressType}'`);
  if (input.TargetControlPort !== undefined) throw unsupported('A target control port');
  if (input.Port === undefined) throw invalid('A port must be specified');
  if (input.Port < 1 || input.Port > 65535) throw invalid(`Port '${input.Port}' must be between '1' and '65535'`);
  if (input.VpcId === undefined) throw invalid('A VPC ID must be specified');
  if (!(await vpcById(env, scope, input.VpcId))) throw invalid(`The VPC ID '${input.VpcId}' is not found`);
  const id = env.randomHex(16);
  const group: TargetGroup = {
    arn: arnOf(scope, 'targetgroup', name, id), name, id: `${name}-${id}`, targetType, protocol,
    port: input.Port, vpcId: input.VpcId, healthCheck: healthCheckFrom(input, defaultHealthCheck(protocol, input.HealthCheckProtocol), protocol), createdAt: env.now().toISOString(),
    attributes: {}, tags: tagsOf(input.Tags),
  };
  return transact(env, async () => {
    const key = targetGroups.key(scope, name);
    const existing = (await targetGroups.at(env.store, key))?.value;
    if (existing) {
      if (settings(existing) !== settings(group)) throw failure('DuplicateTargetGroupName', `A target group with the same name '${name}' exists, but with different settings`);
      return { changes: [], result: existing };
    }
    if ((await targetGroups.list(env.store, scope)).length >= MOST_GROUPS) throw failure('TooManyTargetGroups', 'The maximum number of target groups has been reached');
    return { changes: [targetGroups.put(key, group, 0)], result: group };
  });
}

/** What makes a repeated CreateTargetGroup the same one. */
const settings = ({ targetType, protocol, port, vpcId, healthCheck }: TargetGroup) => JSON.stringify([targetType, protocol, port, vpcId, healthCheck]);

async function answer(env: Env, scope: Scope, group: TargetGroup): Promise<AwsTargetGroup> {
  const check = group.healthCheck;
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: group.protocol,
    Port: group.port,
    VpcId: group.vpcId,
    HealthCheckProtocol: check.protocol,
    HealthCheckPort: check.port,
    HealthCheckEnabled: check.enabled,
    HealthCheckIntervalSeconds: check.intervalSeconds,
    HealthCheckTimeoutSeconds: check.timeoutSeconds,
    HealthyThresholdCount: check.healthyThreshold,
    UnhealthyThresholdCount: check.unhealthyThreshold,
    ...(check.protocol === 'TCP' ? {} : { HealthCheckPath: check.path, Matcher: { HttpCode: check.matcher } }),
    LoadBalancerArns: await balancersUsing(env, scope, group.arn),
    TargetType: group.targetType,
    ...(group.protocol === 'HTTP' ? { ProtocolVersion: 'HTTP1' } : {}),
    IpAddressType: 'ipv4',
  };
}

/** Deleting one that is not there succeeds, as AWS does. */
async function remove(env: Env, scope: Scope, arn: string | undefined): Promise<void> {
  await transact(env, async () => {
    const entry = await groupByArn(env, scope, arn);
    if (!entry) return { changes: [], result: undefined };
    if ((await balancersUsing(env, scope, entry.value.arn)).length) throw failure('ResourceInUse', `Target group '${arn}' is currently in use by a listener or a rule`);
    const registered = await targets.list(env.store, scope, entry.value.id);
    return { changes: [{ delete: entry.key, expect: entry.revision }, ...registered.map(({ key }) => ({ delete: key })), { delete: summaryKey(scope, entry.value) }], result: undefined };
  });
}

const update = async (env: Env, scope: Scope, arn: string | undefined, change: (group: TargetGroup) => TargetGroup): Promise<TargetGroup> => {
  const { key, value } = await requireGroup(env, scope, arn);
  return (await targetGroups.update(env.store, key, change)) ?? value;
};

const described = (list: { Id: string | undefined; Port?: number; AvailabilityZone?: string }[] | undefined): TargetDescription[] =>
  (list ?? []).map(({ Id, Port, AvailabilityZone }) => ({ id: Id ?? '', ...(Port === undefined ? {} : { port: Port }), ...(AvailabilityZone ? { zone: AvailabilityZone } : {}) }));

const arns = (input: { TargetGroupArn: string | undefined }) => [input.TargetGroupArn ?? ''];

type Names =
  | 'CreateTargetGroup' | 'DescribeTargetGroups' | 'ModifyTargetGroup' | 'DeleteTargetGroup' | 'DescribeTargetGroupAttributes' | 'ModifyTargetGroupAttributes'
  | 'RegisterTargets' | 'DeregisterTargets' | 'DescribeTargetHealth';

export const targetGroupOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  CreateTargetGroup: {
    resources: (input, context) => [arnOf(context, 'targetgroup', input.Name ?? '', '*')],
    run: async (input, context) => ({ TargetGroups: [await answer(context, context, await create(context, context, input))] }),
  },

  async DescribeTargetGroups(input, context) {
    const all = (await targetGroups.list(context.store, context)).map((entry) => entry.value);
    const wanted = input.TargetGroupArns ?? input.Names;
    const used = input.LoadBalancerArn ? await groupsOfBalancer(context, context, input.LoadBalancerArn) : undefined;
    const found = all.filter((group) => (!used || used.has(group.arn)) && (!wanted?.length || wanted.includes(input.TargetGroupArns ? group.arn : group.name)));
    if (wanted && found.length < new Set(wanted).size) throw failure('TargetGroupNotFound', 'One or more target groups not found');
    const { items, ...more } = page(found, (group) => group.arn, input);
    return { TargetGroups: await Promise.all(items.map((group) => answer(context, context, group))), ...more };
  },

  ModifyTargetGroup: {
    resources: arns,
    run: async (input, context) => {
      const next = await update(context, context, input.TargetGroupArn, (group) => ({ ...group, healthCheck: healthCheckFrom(input, group.healthCheck, group.protocol) }));
      return { TargetGroups: [await answer(context, context, next)] };
    },
  },

  DeleteTargetGroup: {
    resources: arns,
    run: async (input, context) => {
      await remove(context, context, input.TargetGroupArn);
      return {};
    },
  },

  async DescribeTargetGroupAttributes(input, context) {
    const { value } = await requireGroup(context, context, input.TargetGroupArn);
    return { Attributes: attributeList(groupAttributes(value), value.attributes) };
  },

  ModifyTargetGroupAttributes: {
    resources: arns,
    run: async (input, context) => {
      const next = await update(context, context, input.TargetGroupArn, (group) => ({ ...group, attributes: changedAttributes('Target group', groupAttributes(group), group.attributes, input.Attributes ?? []) }));
      return { Attributes: attributeList(groupAttributes(next), next.attributes) };
    },
  },

  RegisterTargets: {
    resources: arns,
    run: async (input, context) => {
      await registerTargets(context, context, input.TargetGroupArn ?? '', described(input.Targets));
      return {};
    },
  },

  DeregisterTargets: {
    resources: arns,
    run: async (input, context) => {
      await deregisterTargets(context, context, input.TargetGroupArn ?? '', described(input.Targets));
      return {};
    },
  },

  async DescribeTargetHealth(input, context) {
    const health = await targetHealth(context, context, input.TargetGroupArn ?? '', described(input.Targets));
    return {
      TargetHealthDescriptions: health.map(({ target, healthCheckPort, state, reason, description }) => ({
        Target: { Id: target.id, Port: target.port, ...(target.zone ? { AvailabilityZone: target.zone } : {}) },
        HealthCheckPort: healthCheckPort,
        // `reason` is one of TargetHealthReasonEnum; the host's wire does not spell the enum out.
        TargetHealth: { State: state, ...(reason ? { Reason: reason as Sdk.TargetHealthReasonEnum } : {}), ...(description ? { Description: description } : {}) },
      })),
    };
  },
};
