import type * as Sdk from '@aws-sdk/client-ec2';
import { omit } from '../../../control/omit.ts';
import type { RequestContext, Scope } from '../../../control/service.ts';
import { authFailure, groupNotFound, invalidParameterCombination, invalidParameterValue, missingParameter, notFound, permissionDuplicate, permissionNotFound } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId } from '../kinds.ts';
import { inWords, rulesOf, sameRule } from '../network/security-rules.ts';
import type { RuleCore } from '../network/security-rules.ts';
import { page } from '../paging.ts';
import { securityGroups } from '../records.ts';
import type { GroupRule, SecurityGroup } from '../records.ts';
import { arn } from '../scope.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';
import { groupByIdOrName } from './security-groups.ts';

type PermissionsInput = Sdk.AuthorizeSecurityGroupIngressRequest & Partial<Pick<Sdk.RevokeSecurityGroupIngressRequest, 'SecurityGroupRuleIds'>>;

const shape = (group: SecurityGroup, { id, egress, protocol, fromPort, toPort, peer, description, tags }: GroupRule, scope: Scope): Sdk.SecurityGroupRule => ({
  SecurityGroupRuleId: id, SecurityGroupRuleArn: arn(scope, 'security-group-rule', id), GroupId: group.id, GroupOwnerId: scope.account, IsEgress: egress,
  IpProtocol: protocol, FromPort: fromPort ?? -1, ToPort: toPort ?? -1, Description: description, Tags: toTags(tags),
  ...('cidr' in peer && { CidrIpv4: peer.cidr }), ...('cidr6' in peer && { CidrIpv6: peer.cidr6 }), ...('prefixListId' in peer && { PrefixListId: peer.prefixListId }),
  ...('groupId' in peer && { ReferencedGroupInfo: { GroupId: peer.groupId, UserId: scope.account } }),
});

/** The rules that a request names, in either of its two forms; groups resolved and checked. */
async function asked(context: RequestContext, input: PermissionsInput, egress: boolean): Promise<RuleCore[]> {
  const legacy = input.IpProtocol !== undefined || input.CidrIp !== undefined || input.SourceSecurityGroupName !== undefined;
  if (legacy && input.IpPermissions?.length) throw invalidParameterCombination('The parameter ipPermissions may not be used in combination with other permission parameters');
  const permissions = legacy ? [fromLegacy(input)] : (input.IpPermissions ?? []);
  const rules = rulesOf(await Promise.all(permissions.map((permission) => withGroupIds(context, permission))), egress);
  if (!rules.length) throw missingParameter('ipPermissions');
  return rules;
}

const fromLegacy = ({ IpProtocol = '-1', FromPort, ToPort, CidrIp, SourceSecurityGroupName }: PermissionsInput): Sdk.IpPermission => ({
  IpProtocol, FromPort, ToPort,
  IpRanges: CidrIp === undefined ? [] : [{ CidrIp }],
  UserIdGroupPairs: SourceSecurityGroupName === undefined ? [] : [{ GroupName: SourceSecurityGroupName }],
});

async function withGroupIds(context: RequestContext, permission: Sdk.IpPermission): Promise<Sdk.IpPermission> {
  const pairs = await Promise.all((permission.UserIdGroupPairs ?? []).map(async (pair) => {
    if (pair.UserId !== undefined && pair.UserId !== context.account) throw authFailure(`Unable to find group '${pair.GroupId ?? pair.GroupName}' for user ${pair.UserId}`);
    const { value } = await groupByIdOrName(context, pair);
    return { ...pair, GroupId: value.id };
  }));
  return { ...permission, UserIdGroupPairs: pairs };
}

async function authorize(input: PermissionsInput, egress: boolean, context: RequestContext): Promise<{ Return: boolean; SecurityGroupRules: Sdk.SecurityGroupRule[] }> {
  const wanted = await asked(context, input, egress);
  const repeated = wanted.find((rule, i) => wanted.findIndex((other) => sameRule(other, rule)) !== i);
  if (repeated) throw invalidParameterValue('The same permission must not appear multiple times');
  const tags = tagsFor('security-group-rule', input.TagSpecifications);
  return transact(context, async () => {
    const { key, value, revision } = await groupByIdOrName(context, input);
    const there = wanted.find((rule) => value.rules.some((other) => sameRule(other, rule)));
    if (there) throw permissionDuplicate(inWords(there));
    const added = wanted.map((rule): GroupRule => ({ ...rule, id: newId(context, 'sgr'), tags }));
    return {
      changes: [securityGroups.put(key, { ...value, rules: [...value.rules, ...added] }, revision)],
      result: { Return: true, SecurityGroupRules: added.map((rule) => shape(value, rule, context)) },
    };
  });
}

async function revoke(input: PermissionsInput, egress: boolean, context: RequestContext): Promise<{ Return: boolean; RevokedSecurityGroupRules: Sdk.RevokedSecurityGroupRule[] }> {
  const ids = input.SecurityGroupRuleIds ?? [];
  const wanted = ids.length ? [] : await asked(context, input, egress);
  return transact(context, async () => {
    const { key, value, revision } = await groupByIdOrName(context, input);
    for (const id of ids) if (!value.rules.some((rule) => rule.id === id && rule.egress === egress)) throw ruleNotFound(id);
    if (wanted.some((rule) => !value.rules.some((other) => sameRule(other, rule)))) throw permissionNotFound();
    const goes = (rule: GroupRule) => ids.includes(rule.id) || wanted.some((other) => sameRule(other, rule));
    const revoked = value.rules.filter(goes).map((rule) => {
      const shown = shape(value, rule, context);
      return { ...omit(shown, 'ReferencedGroupInfo', 'SecurityGroupRuleArn', 'GroupOwnerId', 'Tags'), ReferencedGroupId: shown.ReferencedGroupInfo?.GroupId };
    });
    return { changes: [securityGroups.put(key, { ...value, rules: value.rules.filter((rule) => !goes(rule)) }, revision)], result: { Return: true, RevokedSecurityGroupRules: revoked } };
  });
}

const ruleNotFound = (id: string) => notFound('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`);

/** Changes descriptions alone, by rule id or by the rule itself. */
async function describe(input: Sdk.UpdateSecurityGroupRuleDescriptionsIngressRequest, egress: boolean, context: RequestContext): Promise<{ Return: boolean }> {
  const byId = new Map((input.SecurityGroupRuleDescriptions ?? []).map(({ SecurityGroupRuleId: id = '', Description: text }) => [id, text]));
  const byRule = byId.size ? [] : await asked(context, input, egress);
  return transact(context, async () => {
    const { key, value, revision } = await groupByIdOrName(context, input);
    for (const id of byId.keys()) if (!value.rules.some((rule) => rule.id === id)) throw ruleNotFound(id);
    if (byRule.some((rule) => !value.rules.some((other) => sameRule(other, rule)))) throw permissionNotFound();
    const rules = value.rules.map((rule) => {
      const match = byRule.find((other) => sameRule(other, rule));
      return byId.has(rule.id) || match ? described(rule, match ? match.description : byId.get(rule.id)) : rule;
    });
    return { changes: [securityGroups.put(key, { ...value, rules }, revision)], result: { Return: true } };
  });
}

function described(rule: GroupRule, description: string | undefined): GroupRule {
  return description === undefined ? omit(rule, 'description') : { ...rule, description };
}

function fromUpdate(update: Sdk.SecurityGroupRuleRequest, egress: boolean): RuleCore {
  const [rule, ...others] = rulesOf([{
    IpProtocol: update.IpProtocol, FromPort: update.FromPort, ToPort: update.ToPort,
    IpRanges: update.CidrIpv4 === undefined ? [] : [{ CidrIp: update.CidrIpv4 }],
    Ipv6Ranges: update.CidrIpv6 === undefined ? [] : [{ CidrIpv6: update.CidrIpv6 }],
    PrefixListIds: update.PrefixListId === undefined ? [] : [{ PrefixListId: update.PrefixListId }],
    UserIdGroupPairs: update.ReferencedGroupId === undefined ? [] : [{ GroupId: update.ReferencedGroupId }],
  }], egress);
  if (!rule || others.length) throw invalidParameterCombination('Exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId must be specified.');
  return described({ ...rule, id: '', tags: {} }, update.Description);
}

export const securityGroupRuleOperations = {
  AuthorizeSecurityGroupIngress: (input, context) => authorize(input, false, context),
  AuthorizeSecurityGroupEgress: (input, context) => authorize(input, true, context),
  RevokeSecurityGroupIngress: (input, context) => revoke(input, false, context),
  RevokeSecurityGroupEgress: (input, context) => revoke(input, true, context),
  UpdateSecurityGroupRuleDescriptionsIngress: (input, context) => describe(input, false, context),
  UpdateSecurityGroupRuleDescriptionsEgress: (input, context) => describe(input, true, context),

  DescribeSecurityGroupRules: async (input, context) => {
    const groups = (await securityGroups.list(context.store, context)).map(({ value }) => value);
    const all = groups.flatMap((group) => group.rules.map((rule) => ({ group, rule })));
    for (const id of input.SecurityGroupRuleIds ?? []) if (!all.some(({ rule }) => rule.id === id)) throw ruleNotFound(id);
    const selected = input.SecurityGroupRuleIds?.length ? all.filter(({ rule }) => input.SecurityGroupRuleIds?.includes(rule.id)) : all;
    const found = applyFilters(selected, input.Filters, { 'group-id': ({ group }) => group.id, 'security-group-rule-id': ({ rule }) => rule.id }, ({ rule }) => rule.tags);
    const { items, NextToken } = page(found.sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1)), input, ({ rule }) => rule.id);
    return { SecurityGroupRules: items.map(({ group, rule }) => shape(group, rule, context)), NextToken };
  },

  ModifySecurityGroupRules: async (input, context) => {
    const updates = input.SecurityGroupRules ?? [];
    await transact(context, async () => {
      const { key, value, revision } = await find(context, context, kinds.securityGroup, input.GroupId ?? '');
      for (const { SecurityGroupRuleId: id = '' } of updates) if (!value.rules.some((rule) => rule.id === id)) throw ruleNotFound(id);
      const rules = value.rules.map((rule) => {
        const update = updates.find(({ SecurityGroupRuleId }) => SecurityGroupRuleId === rule.id);
        return update ? { ...fromUpdate(update.SecurityGroupRule ?? {}, rule.egress), id: rule.id, tags: rule.tags } : rule;
      });
      for (const { peer } of rules) if ('groupId' in peer && !(await securityGroups.get(context.store, context, peer.groupId))) throw groupNotFound(peer.groupId);
      const twice = rules.find((rule, i) => rules.findIndex((other) => sameRule(other, rule)) !== i);
      if (twice) throw permissionDuplicate(inWords(twice));
      return { changes: [securityGroups.put(key, { ...value, rules }, revision)], result: undefined };
    });
    return { Return: true };
  },
} satisfies Ec2Operations;
