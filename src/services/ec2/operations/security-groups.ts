import type * as Sdk from '@aws-sdk/client-ec2';
import type { RequestContext, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { cannotDeleteDefaultGroup, dependencyViolation, groupDuplicate, groupNotFound, invalidParameterValue, missingParameter, notFound } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import type { Fields } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { GROUP_NAMES } from '../launch/network.ts';
import { defaultVpc } from '../lookups.ts';
import { permissionsOf } from '../network/security-rules.ts';
import { page } from '../paging.ts';
import { names, networkInterfaces, securityGroups } from '../records.ts';
import type { GroupRule, SecurityGroup } from '../records.ts';
import { arn } from '../scope.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';

const shape = (group: SecurityGroup, scope: Scope): Sdk.SecurityGroup => ({
  GroupId: group.id, GroupName: group.name, Description: group.description, VpcId: group.vpcId, OwnerId: scope.account, Tags: toTags(group.tags),
  SecurityGroupArn: arn(scope, 'security-group', group.id),
  IpPermissions: permissionsOf(group.rules, false, scope.account), IpPermissionsEgress: permissionsOf(group.rules, true, scope.account),
});

function ruleFields(prefix: string, egress: boolean): Fields<SecurityGroup> {
  const of = (read: (rule: GroupRule) => string | number | undefined) => ({ rules }: SecurityGroup) => rules.filter((rule) => rule.egress === egress).map(read);
  return {
    [`${prefix}.cidr`]: of(({ peer }) => ('cidr' in peer ? peer.cidr : undefined)),
    [`${prefix}.ipv6-cidr`]: of(({ peer }) => ('cidr6' in peer ? peer.cidr6 : undefined)),
    [`${prefix}.group-id`]: of(({ peer }) => ('groupId' in peer ? peer.groupId : undefined)),
    [`${prefix}.from-port`]: of(({ fromPort }) => fromPort),
    [`${prefix}.to-port`]: of(({ toPort }) => toPort),
    [`${prefix}.protocol`]: of(({ protocol }) => protocol),
  };
}

const fields: Fields<SecurityGroup> = {
  'group-id': ({ id }) => id, 'group-name': ({ name }) => name, description: ({ description }) => description, 'vpc-id': ({ vpcId }) => vpcId,
  ...ruleFields('ip-permission', false), ...ruleFields('egress.ip-permission', true),
};

/** By id, or by name: one of the default VPC's. */
export async function groupByIdOrName(context: RequestContext, { GroupId: id, GroupName: name }: { GroupId?: string | undefined; GroupName?: string | undefined }): Promise<Entry<SecurityGroup>> {
  if (id !== undefined) return find(context, context, kinds.securityGroup, id);
  if (name === undefined) throw missingParameter('groupId');
  const vpc = await defaultVpc(context, context);
  const found = vpc && (await names.get(context.store, context, GROUP_NAMES, vpc.id, name))?.value;
  if (found === undefined) throw groupNotFound(name);
  return find(context, context, kinds.securityGroup, found);
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html: letters, digits and these signs, 255 at most. */
const WORDS = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

function checkNames(name: string, description: string): void {
  if (!WORDS.test(name)) throw invalidParameterValue(`Value (${name}) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.`);
  if (name.startsWith('sg-')) throw invalidParameterValue(`Value (${name}) for parameter GroupName is invalid. Group names may not be in the format sg-*.`);
  if (name === 'default') throw notFound('InvalidParameterValue', 'Cannot use reserved security group name: default');
  if (!WORDS.test(description)) throw invalidParameterValue(`Value (${description}) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.`);
}

export const securityGroupOperations = {
  CreateSecurityGroup: async (input, context) => {
    const name = input.GroupName ?? '';
    const description = input.Description ?? '';
    checkNames(name, description);
    const vpcId = input.VpcId ?? (await defaultVpc(context, context))?.id;
    if (vpcId === undefined) throw notFound('VPCIdNotSpecified', 'No default VPC for this user.');
    await find(context, context, kinds.vpc, vpcId);
    const group: SecurityGroup = {
      id: newId(context, 'sg'), vpcId, name, description, tags: tagsFor('security-group', input.TagSpecifications),
      rules: [{ id: newId(context, 'sgr'), egress: true, protocol: '-1', peer: { cidr: '0.0.0.0/0' }, tags: {} }],
    };
    const commit = await context.store.commit([
      securityGroups.put(securityGroups.key(context, group.id), group, 0),
      names.put(names.key(context, GROUP_NAMES, vpcId, name), group.id, 0),
    ]);
    if (!commit.ok) throw groupDuplicate(name, vpcId);
    return { GroupId: group.id, SecurityGroupArn: arn(context, 'security-group', group.id), Tags: toTags(group.tags) };
  },

  DescribeSecurityGroups: async (input, context) => {
    let found = await select(context, context, kinds.securityGroup, input.GroupIds);
    for (const name of input.GroupNames ?? []) await groupByIdOrName(context, { GroupName: name });
    if (input.GroupNames?.length) {
      const vpc = await defaultVpc(context, context);
      found = found.filter((group) => group.vpcId === vpc?.id && input.GroupNames?.includes(group.name));
    }
    const filtered = applyFilters(found, input.Filters, { ...fields, 'owner-id': () => context.account }, ({ tags }) => tags);
    const { items, NextToken } = page(filtered, input, ({ id }) => id);
    return { SecurityGroups: items.map((group) => shape(group, context)), NextToken };
  },

  DeleteSecurityGroup: async (input, context) => {
    const id = await transact(context, async () => {
      const { key, value, revision } = await groupByIdOrName(context, input);
      if (value.name === 'default') throw cannotDeleteDefaultGroup(value.id);
      const carried = (await networkInterfaces.list(context.store, context)).some((one) => one.value.groupIds.includes(value.id));
      const named = (await securityGroups.list(context.store, context)).some((other) => other.value.id !== value.id && other.value.rules.some(({ peer }) => 'groupId' in peer && peer.groupId === value.id));
      if (carried || named) throw dependencyViolation(`resource ${value.id} has a dependent object`);
      return { changes: [{ delete: key, expect: revision }, { delete: names.key(context, GROUP_NAMES, value.vpcId, value.name) }], result: value.id };
    });
    return { Return: true, GroupId: id };
  },
} satisfies Ec2Operations;
