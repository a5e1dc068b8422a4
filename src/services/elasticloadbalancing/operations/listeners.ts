import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CreateListenerInput, Listener as AwsListener, ModifyListenerInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Env, OperationTable, Scope } from '../../../control/service.ts';
import { actionAnswer, actionsFrom } from '../actions.ts';
import { arnBelow } from '../arns.ts';
import { attributeList, changedAttributes, listenerAttributes } from '../attributes.ts';
import { failure, invalid, unsupported } from '../errors.ts';
import { touchGroups } from '../forwarding.ts';
import { requireBalancer, requireListener, transact } from '../lookups.ts';
import { page } from '../paging.ts';
import { listeners, loadBalancers } from '../records.ts';
import type { Action, Listener, LoadBalancer } from '../records.ts';
import { tagsOf } from '../tags.ts';

const MOST_LISTENERS = 50;

export const listenerAnswer = (listener: Listener): AwsListener => ({
  ListenerArn: listener.arn,
  LoadBalancerArn: listener.loadBalancerArn,
  Port: listener.port,
  Protocol: listener.protocol,
  DefaultActions: listener.defaultActions.map(actionAnswer),
});

type ProtocolInput = Pick<CreateListenerInput, 'Protocol' | 'Port' | 'SslPolicy' | 'Certificates' | 'AlpnPolicy' | 'MutualAuthentication'>;

/** What a balancer of the type can listen to; the protocol that stands if none is given. */
function protocolOf({ type }: LoadBalancer, { Protocol, Port, ...input }: ProtocolInput, standing: Listener['protocol'] = type === 'network' ? 'TCP' : 'HTTP'): Listener['protocol'] {
  const protocol = Protocol ?? standing;
  if (Port !== undefined && (Port < 1 || Port > 65535)) throw invalid(`The port '${Port}' must be between '1' and '65535'`);
  if (type === 'network' && ['UDP', 'TCP_UDP', 'TLS', 'QUIC', 'TCP_QUIC'].includes(protocol)) throw unsupported(`A listener of the protocol ${protocol}`);
  if (type === 'application' && protocol === 'HTTPS') throw unsupported('An HTTPS listener');
  const known: Listener['protocol'] = type === 'network' ? 'TCP' : 'HTTP';
  if (protocol !== known) throw failure('UnsupportedProtocol', `The protocol '${protocol}' is not supported: use one of '${type === 'network' ? 'TCP, TLS, UDP, TCP_UDP, QUIC, TCP_QUIC' : 'HTTP, HTTPS'}'`);
  if (input.Certificates?.length) throw failure('InvalidConfigurationRequest', `Certificates are not supported for the protocol ${known}`);
  for (const member of ['SslPolicy', 'AlpnPolicy', 'MutualAuthentication'] as const) if (input[member]) throw failure('InvalidConfigurationRequest', `${member} is not supported for the protocol ${known}`);
  return known;
}

/** A network load balancer forwards to one target group. */
function checkActions({ type }: LoadBalancer, [action]: Action[]): void {
  if (type !== 'network' || !action) return;
  if (action.type !== 'forward') throw failure('InvalidLoadBalancerAction', `The action type '${action.type}' is not valid with network load balancers`);
  if (action.targetGroups.length > 1) throw unsupported('A forward to more than one target group by a network load balancer');
}

const duplicate = (balancer: LoadBalancer) => failure('DuplicateListener', `A listener already exists on this port for this load balancer '${balancer.arn}'`);

async function create(env: Env, scope: Scope, input: CreateListenerInput): Promise<Listener> {
  if (input.Protocol === undefined) throw invalid('A protocol must be specified');
  if (input.Port === undefined) throw invalid('A port must be specified');
  const port = input.Port;
  const defaultActions = actionsFrom(input.DefaultActions);
  const tags = tagsOf(input.Tags);
  const [id, ruleId] = [env.randomHex(16), env.randomHex(16)];
  return transact(env, async () => {
    const { key, value: balancer, revision } = await requireBalancer(env, scope, input.LoadBalancerArn);
    const protocol = protocolOf(balancer, input);
    checkActions(balancer, defaultActions);
    if (port in balancer.listeners) throw duplicate(balancer);
    if (Object.keys(balancer.listeners).length >= MOST_LISTENERS) throw failure('TooManyListeners', `The maximum number of listeners has been reached on load balancer '${balancer.arn}'`);
    const arn = arnBelow(balancer.arn, id);
    const listener: Listener = {
      arn, loadBalancerArn: balancer.arn, port, protocol, defaultActions, defaultRuleArn: arnBelow(arn, ruleId), rules: [], tags,
    };
    const changes = [
      loadBalancers.put(key, { ...balancer, listeners: { ...balancer.listeners, [port]: id } }, revision),
      listeners.put(listeners.key(scope, balancer.name, id), listener, 0),
      ...(await touchGroups(env, scope, balancer, defaultActions, protocol)),
    ];
    return { changes, result: listener };
  });
}

async function modify(env: Env, scope: Scope, input: ModifyListenerInput): Promise<Listener> {
  const defaultActions = input.DefaultActions ? actionsFrom(input.DefaultActions) : undefined;
  return transact(env, async () => {
    const entry = await requireListener(env, scope, input.ListenerArn);
    const { key, value: balancer, revision } = await requireBalancer(env, scope, entry.value.loadBalancerArn);
    const protocol = protocolOf(balancer, input, entry.value.protocol);
    checkActions(balancer, defaultActions ?? []);
    const port = input.Port ?? entry.value.port;
    const { [entry.value.port]: id, ...others } = balancer.listeners;
    if (port in others) throw duplicate(balancer);
    const next = { ...entry.value, port, defaultActions: defaultActions ?? entry.value.defaultActions };
    const changes = [
      loadBalancers.put(key, { ...balancer, listeners: { ...others, [port]: id! } }, revision),
      listeners.put(entry.key, next, entry.revision),
      ...(await touchGroups(env, scope, balancer, defaultActions ?? [], protocol)),
    ];
    return { changes, result: next };
  });
}

async function remove(env: Env, scope: Scope, arn: string | undefined): Promise<void> {
  await transact(env, async () => {
    const entry = await requireListener(env, scope, arn);
    const { key, value: balancer, revision } = await requireBalancer(env, scope, entry.value.loadBalancerArn);
    const { [entry.value.port]: _, ...others } = balancer.listeners;
    return { changes: [loadBalancers.put(key, { ...balancer, listeners: others }, revision), { delete: entry.key, expect: entry.revision }], result: undefined };
  });
}

const arns = (input: { ListenerArn: string | undefined }) => [input.ListenerArn ?? ''];

type Names = 'CreateListener' | 'DescribeListeners' | 'ModifyListener' | 'DeleteListener' | 'DescribeListenerCertificates' | 'DescribeListenerAttributes' | 'ModifyListenerAttributes';

export const listenerOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  CreateListener: {
    resources: (input) => [input.LoadBalancerArn ?? ''],
    run: async (input, context) => ({ Listeners: [listenerAnswer(await create(context, context, input))] }),
  },

  async DescribeListeners(input, context) {
    if (!input.LoadBalancerArn && !input.ListenerArns?.length) throw invalid('You must specify either listener ARNs or a load balancer ARN');
    if (input.LoadBalancerArn && input.ListenerArns?.length) throw invalid('You cannot specify both listener ARNs and a load balancer ARN');
    const found = input.LoadBalancerArn
      ? (await listeners.list(context.store, context, (await requireBalancer(context, context, input.LoadBalancerArn)).value.name)).map((entry) => entry.value)
      : await Promise.all(input.ListenerArns!.map(async (arn) => (await requireListener(context, context, arn)).value));
    const { items, ...more } = page(found, (listener) => listener.arn, input);
    return { Listeners: items.map(listenerAnswer), ...more };
  },

  ModifyListener: {
    resources: arns,
    run: async (input, context) => ({ Listeners: [listenerAnswer(await modify(context, context, input))] }),
  },

  DeleteListener: {
    resources: arns,
    run: async (input, context) => {
      await remove(context, context, input.ListenerArn);
      return {};
    },
  },

  /** HTTP and TCP listeners have none. */
  async DescribeListenerCertificates(input, context) {
    await requireListener(context, context, input.ListenerArn);
    return { Certificates: [] };
  },

  /** None of them can be other than its default yet, so none is stored. */
  async DescribeListenerAttributes(input, context) {
    const { value } = await requireListener(context, context, input.ListenerArn);
    return { Attributes: attributeList(listenerAttributes(value), {}) };
  },

  ModifyListenerAttributes: {
    resources: arns,
    run: async (input, context) => {
      const known = listenerAttributes((await requireListener(context, context, input.ListenerArn)).value);
      return { Attributes: attributeList(known, changedAttributes('Listener', known, {}, input.Attributes ?? [])) };
    },
  },
};
