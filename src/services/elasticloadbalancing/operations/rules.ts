import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CreateRuleInput, ModifyRuleInput, Rule as AwsRule } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Env, OperationTable, Scope } from '../../../control/service.ts';
import { actionAnswer, actionsFrom } from '../actions.ts';
import { arnBelow } from '../arns.ts';
import { conditionAnswer, conditionsFrom } from '../conditions.ts';
import { failure, invalid, unsupported } from '../errors.ts';
import { touchGroups } from '../forwarding.ts';
import { requireBalancer, requireListener, requireRule, transact } from '../lookups.ts';
import { page } from '../paging.ts';
import { listeners } from '../records.ts';
import type { Listener, Rule } from '../records.ts';
import { tagsOf } from '../tags.ts';

/** Default quota: rules a balancer, without default rules. */
const MOST_RULES = 100;

const ruleAnswer = (rule: Rule): AwsRule => ({
  RuleArn: rule.arn,
  Priority: String(rule.priority),
  Conditions: rule.conditions.map(conditionAnswer),
  Actions: rule.actions.map(actionAnswer),
  IsDefault: false,
});

const defaultRule = (listener: Listener): AwsRule => ({
  RuleArn: listener.defaultRuleArn,
  Priority: 'default',
  Conditions: [],
  Actions: listener.defaultActions.map(actionAnswer),
  IsDefault: true,
});

const answerOf = ({ rule, entry }: { rule: Rule | undefined; entry: { value: Listener } }) => (rule ? ruleAnswer(rule) : defaultRule(entry.value));
const inOrder = (rules: Rule[]) => [...rules].sort((a, b) => a.priority - b.priority);

function priorityOf(priority: number | undefined): number {
  if (priority === undefined || !Number.isInteger(priority) || priority < 1 || priority > 50000) throw invalid(`Priority '${priority ?? null}' must be between '1' and '50000'`);
  return priority;
}

async function create(env: Env, scope: Scope, input: CreateRuleInput): Promise<Rule> {
  if (input.Transforms?.length) throw unsupported('A rule transform');
  const priority = priorityOf(input.Priority);
  const conditions = conditionsFrom(input.Conditions);
  const actions = actionsFrom(input.Actions);
  const tags = tagsOf(input.Tags);
  const id = env.randomHex(16);
  return transact(env, async () => {
    const { key, value: listener, revision } = await requireListener(env, scope, input.ListenerArn);
    const balancer = (await requireBalancer(env, scope, listener.loadBalancerArn)).value;
    if (balancer.type === 'network') throw failure('InvalidConfigurationRequest', 'Rules are not supported for listeners of network load balancers');
    if (listener.rules.some((rule) => rule.priority === priority)) throw failure('PriorityInUse', `Priority '${priority}' is currently in use`);
    const count = (await listeners.list(env.store, scope, balancer.name)).reduce((sum, { value }) => sum + value.rules.length, 0);
    if (count >= MOST_RULES) throw failure('TooManyRules', `The maximum number of rules has been reached on load balancer '${balancer.arn}'`);
    const rule: Rule = { arn: arnBelow(listener.arn, id), priority, conditions, actions, tags };
    const touched = await touchGroups(env, scope, balancer, actions);
    return { changes: [listeners.put(key, { ...listener, rules: inOrder([...listener.rules, rule]) }, revision), ...touched], result: rule };
  });
}

async function modify(env: Env, scope: Scope, input: ModifyRuleInput): Promise<AwsRule> {
  if (input.Transforms?.length) throw unsupported('A rule transform');
  const conditions = input.Conditions && conditionsFrom(input.Conditions);
  const actions = input.Actions && actionsFrom(input.Actions);
  return transact(env, async () => {
    const { entry: { key, value: listener, revision }, rule } = await requireRule(env, scope, input.RuleArn);
    if (!rule) throw failure('OperationNotPermitted', `Default rule '${input.RuleArn}' cannot be modified`);
    const balancer = (await requireBalancer(env, scope, listener.loadBalancerArn)).value;
    const next = { ...rule, conditions: conditions ?? rule.conditions, actions: actions ?? rule.actions };
    const changes = [
      listeners.put(key, { ...listener, rules: listener.rules.map((other) => (other === rule ? next : other)) }, revision),
      ...(await touchGroups(env, scope, balancer, actions ?? [])),
    ];
    return { changes, result: ruleAnswer(next) };
  });
}

async function remove(env: Env, scope: Scope, arn: string | undefined): Promise<void> {
  await transact(env, async () => {
    const { entry: { key, value: listener, revision }, rule } = await requireRule(env, scope, arn);
    if (!rule) throw failure('OperationNotPermitted', `Default rule '${arn}' cannot be deleted`);
    return { changes: [listeners.put(key, { ...listener, rules: listener.rules.filter((other) => other !== rule) }, revision)], result: undefined };
  });
}

/** All of one listener, all at once: priorities may be exchanged. */
async function setPriorities(env: Env, scope: Scope, pairs: { RuleArn?: string; Priority?: number }[]): Promise<Rule[]> {
  const wanted = new Map(pairs.map(({ RuleArn, Priority }) => [RuleArn ?? '', priorityOf(Priority)]));
  return transact(env, async () => {
    const found = await Promise.all([...wanted.keys()].map((arn) => requireRule(env, scope, arn)));
    const { key, value: listener, revision } = found[0]?.entry ?? (() => { throw invalid('A rule priority must be specified'); })();
    if (found.some(({ entry }) => entry.key !== key)) throw invalid('All rules must belong to the same listener');
    if (found.some(({ rule }) => !rule)) throw failure('OperationNotPermitted', 'The priority of a default rule cannot be modified');
    const rules = inOrder(listener.rules.map((rule) => ({ ...rule, priority: wanted.get(rule.arn) ?? rule.priority })));
    const twice = rules.find((rule, index) => rules[index + 1]?.priority === rule.priority);
    if (twice) throw failure('PriorityInUse', `Priority '${twice.priority}' is currently in use`);
    return { changes: [listeners.put(key, { ...listener, rules }, revision)], result: rules.filter((rule) => wanted.has(rule.arn)) };
  });
}

const arns = (input: { RuleArn: string | undefined }) => [input.RuleArn ?? ''];

type Names = 'CreateRule' | 'DescribeRules' | 'ModifyRule' | 'DeleteRule' | 'SetRulePriorities';

export const ruleOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  CreateRule: {
    resources: (input) => [input.ListenerArn ?? ''],
    run: async (input, context) => ({ Rules: [ruleAnswer(await create(context, context, input))] }),
  },

  async DescribeRules(input, context) {
    if (!input.ListenerArn && !input.RuleArns?.length) throw invalid('You must specify either listener rule ARNs or a listener ARN');
    if (input.ListenerArn && input.RuleArns?.length) throw invalid('You cannot specify both listener rule ARNs and a listener ARN');
    const ofListener = async () => {
      const { value } = await requireListener(context, context, input.ListenerArn);
      return [...value.rules.map(ruleAnswer), defaultRule(value)];
    };
    const found = input.ListenerArn ? await ofListener() : await Promise.all(input.RuleArns!.map(async (arn) => answerOf(await requireRule(context, context, arn))));
    const { items, ...more } = page(found, (rule) => rule.RuleArn!, input);
    return { Rules: items, ...more };
  },

  ModifyRule: {
    resources: arns,
    run: async (input, context) => ({ Rules: [await modify(context, context, input)] }),
  },

  DeleteRule: {
    resources: arns,
    run: async (input, context) => {
      await remove(context, context, input.RuleArn);
      return {};
    },
  },

  SetRulePriorities: {
    resources: (input) => (input.RulePriorities ?? []).map((pair) => pair.RuleArn ?? ''),
    run: async (input, context) => ({ Rules: (await setPriorities(context, context, input.RulePriorities ?? [])).map(ruleAnswer) }),
  },
};
