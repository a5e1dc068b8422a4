import type * as Elb from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ElbCaller } from './apply.ts';
import type { ActionPlan, ListenerPlan } from './plan.ts';

/** The balancer's listeners and rules as planned: those of other ports and priorities go. */
export async function applyListeners(elb: ElbCaller, LoadBalancerArn: string, plans: ListenerPlan[], actionOf: (action: ActionPlan) => Elb.Action): Promise<void> {
  const found = (await elb('DescribeListeners', { LoadBalancerArn })).Listeners ?? [];
  for (const { ListenerArn, Port } of found) if (!plans.some(({ port }) => port === Port)) await elb('DeleteListener', { ListenerArn });
  for (const plan of plans) {
    const existing = found.find(({ Port }) => Port === plan.port);
    const DefaultActions = [actionOf(plan.defaultAction)];
    const listener = existing ?? (await elb('CreateListener', { LoadBalancerArn, Port: plan.port, Protocol: plan.protocol, DefaultActions })).Listeners?.[0];
    const ListenerArn = listener?.ListenerArn ?? '';
    if (existing && !sameAction(existing.DefaultActions?.[0], DefaultActions[0])) await elb('ModifyListener', { ListenerArn, DefaultActions });
    if (plan.protocol === 'HTTP') await applyRules(elb, ListenerArn, plan.rules.map(({ conditions, action }) => ({ conditions, action: actionOf(action) })));
  }
}

interface Rule {
  conditions: ListenerPlan['rules'][number]['conditions'];
  action: Elb.Action;
}

/** Rules have priorities 1, 2, 3 … in the order of the plan. */
async function applyRules(elb: ElbCaller, ListenerArn: string, rules: Rule[]): Promise<void> {
  const found = new Map(((await elb('DescribeRules', { ListenerArn })).Rules ?? []).filter(({ IsDefault }) => !IsDefault).map((rule) => [Number(rule.Priority), rule]));
  for (const [index, { conditions, action }] of rules.entries()) {
    const Priority = index + 1;
    const existing = found.get(Priority);
    found.delete(Priority);
    const Conditions = conditions.map(({ field, values }) => (field === 'host-header' ? { Field: field, HostHeaderConfig: { Values: values } } : { Field: field, PathPatternConfig: { Values: values } }));
    if (!existing) await elb('CreateRule', { ListenerArn, Priority, Conditions, Actions: [action] });
    else if (!sameConditions(existing.Conditions, conditions) || !sameAction(existing.Actions?.[0], action)) await elb('ModifyRule', { RuleArn: existing.RuleArn, Conditions, Actions: [action] });
  }
  for (const { RuleArn } of found.values()) await elb('DeleteRule', { RuleArn });
}

function sameConditions(found: Elb.RuleCondition[] = [], planned: Rule['conditions']): boolean {
  const words = (field: string | undefined, values: string[] | undefined) => `${field}=${[...(values ?? [])].sort().join()}`;
  const a = found.map(({ Field, Values, HostHeaderConfig, PathPatternConfig }) => words(Field, Values ?? HostHeaderConfig?.Values ?? PathPatternConfig?.Values)).sort().join(' ');
  return a === planned.map(({ field, values }) => words(field, values)).sort().join(' ');
}

function sameAction(a: Elb.Action | undefined, b: Elb.Action | undefined): boolean {
  return signature(a) === signature(b);
}

function signature(action: Elb.Action | undefined): string {
  const groups = action?.ForwardConfig?.TargetGroups ?? (action?.TargetGroupArn ? [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }] : []);
  const { StatusCode: status, ContentType: type, MessageBody: body } = action?.FixedResponseConfig ?? {};
  const { Protocol, Host, Port, Path, Query, StatusCode } = action?.RedirectConfig ?? {};
  return JSON.stringify([action?.Type, groups.map(({ TargetGroupArn, Weight }) => [TargetGroupArn, groups.length === 1 ? 1 : Weight]), status, type, body ?? '', Protocol, Host, Port, Path, Query, StatusCode]);
}
