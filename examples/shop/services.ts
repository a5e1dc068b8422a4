import { CreateLogGroupCommand, CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { type ContainerDefinition, CreateServiceCommand, DescribeServicesCommand, DescribeTaskDefinitionCommand, ECSClient, RegisterTaskDefinitionCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { type Balancer, ensureTargetGroup } from './balancer.ts';
import { CLUSTER, type Network } from './fleet.ts';
import { unless, until } from './steps.ts';

/**
 * What the shop is made of. `with`: a third-party part in the same task. In awsvpc mode the task has an address of its own and its
 * containers share localhost; in bridge mode they share the instance's address, by dynamic ports, and reach each other by links.
 * (As in AWS, a task's own interface has no public address: without a NAT gateway it can't call out, which the cart never does.)
 */
interface Part {
  name: string;
  paths: string[];
  count: number;
  mode?: 'awsvpc';
  with?: { name: 'redis' | 'postgres'; memory: number };
}

export const PARTS: Part[] = [
  { name: 'catalog', paths: ['/api/catalog', '/api/catalog/*'], count: 2 },
  { name: 'pricing', paths: ['/api/pricing', '/api/pricing/*'], count: 2 },
  { name: 'inventory', paths: ['/api/inventory', '/api/inventory/*'], count: 1 },
  { name: 'search', paths: ['/api/search'], count: 1 },
  { name: 'reviews', paths: ['/api/reviews/*'], count: 1 },
  { name: 'recommendations', paths: ['/api/recommendations/*'], count: 1 },
  { name: 'shipping', paths: ['/api/shipping'], count: 1 },
  { name: 'cart', paths: ['/api/cart/*'], count: 1, mode: 'awsvpc', with: { name: 'redis', memory: 64 } },
  { name: 'orders', paths: ['/api/orders'], count: 1, with: { name: 'postgres', memory: 256 } },
  { name: 'assets', paths: ['/assets/*'], count: 1 },
  { name: 'storefront', paths: ['/', '/cart', '/orders'], count: 2 },
];

export const IMAGES = PARTS.flatMap((part) => [part.name, ...(part.with ? [part.with.name] : [])]);
const LOG_GROUP = '/shop';
const ecs = new ECSClient({});

export async function ensureLogGroup(): Promise<void> {
  await unless('ResourceAlreadyExistsException', () => new CloudWatchLogsClient({}).send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP })));
}

export async function ensureService(part: Part, images: Record<string, string>, network: Network, balancer: Balancer): Promise<void> {
  const priority = 10 * (PARTS.indexOf(part) + 1);
  // By host too, so that one balancer can serve other shops beside this one.
  const hosts = part.name === 'storefront' ? [balancer.host, 'shop.example.com'] : undefined;
  const targetGroupArn = await ensureTargetGroup(part.name, network, balancer, { type: part.mode ? 'ip' : 'instance', priority, paths: part.paths, ...(hosts && { hosts }) });
  const taskDefinition = await ensureTaskDefinition(part, images, balancer);
  const existing = (await ecs.send(new DescribeServicesCommand({ cluster: CLUSTER, services: [part.name] }))).services?.find(({ status }) => status === 'ACTIVE');
  if (existing) {
    if (existing.taskDefinition !== taskDefinition) await ecs.send(new UpdateServiceCommand({ cluster: CLUSTER, service: part.name, taskDefinition }));
    return;
  }
  await ecs.send(new CreateServiceCommand({
    cluster: CLUSTER, serviceName: part.name, taskDefinition, desiredCount: part.count, healthCheckGracePeriodSeconds: 30,
    loadBalancers: [{ targetGroupArn, containerName: part.name, containerPort: 8080 }],
    placementStrategy: [{ type: 'spread', field: 'attribute:ecs.availability-zone' }, { type: 'spread', field: 'instanceId' }],
    ...(part.mode && { networkConfiguration: { awsvpcConfiguration: { subnets: network.subnetIds, securityGroups: [network.privateGroup] } } }),
  }));
}

/** The latest revision if it says the same, a new one otherwise. */
async function ensureTaskDefinition(part: Part, images: Record<string, string>, { host }: Balancer): Promise<string> {
  const logConfiguration = { logDriver: 'awslogs' as const, options: { 'awslogs-group': LOG_GROUP, 'awslogs-region': process.env.AWS_REGION!, 'awslogs-stream-prefix': part.name } };
  const container = (name: string, memory: number, rest: Partial<ContainerDefinition> = {}): ContainerDefinition =>
    ({ name, image: images[name]!, memory, cpu: 64, essential: true, logConfiguration, ...rest });
  const containerDefinitions = [
    container(part.name, 128, {
      portMappings: [{ containerPort: 8080, ...(part.mode ? {} : { hostPort: 0 }) }],
      environment: [{ name: 'SHOP_URL', value: `http://${host}` }],
      ...(part.with && !part.mode && { links: [part.with.name] }),
    }),
    ...(part.with ? [container(part.with.name, part.with.memory)] : []),
  ];
  const latest = await unless('ClientException', () => ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: `shop-${part.name}` })));
  const same = latest?.taskDefinition?.containerDefinitions?.every((known, index) => known.image === containerDefinitions[index]?.image);
  if (same) return latest!.taskDefinition!.taskDefinitionArn!;
  const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand({ family: `shop-${part.name}`, networkMode: part.mode ?? 'bridge', containerDefinitions }));
  return taskDefinition!.taskDefinitionArn!;
}

export async function servicesSteady(): Promise<void> {
  await until('the services are steady', 300, async () => {
    // DescribeServices takes ten at a time.
    for (let from = 0; from < PARTS.length; from += 10) {
      const { services } = await ecs.send(new DescribeServicesCommand({ cluster: CLUSTER, services: PARTS.slice(from, from + 10).map(({ name }) => name) }));
      if (!services!.every((service) => service.deployments!.length === 1 && service.deployments![0]!.rolloutState === 'COMPLETED')) return false;
    }
    return true;
  });
}
