import { DescribeContainerInstancesCommand, DescribeTasksCommand, ECSClient, paginateListTasks } from '@aws-sdk/client-ecs';
import { ensureBalancer } from './balancer.ts';
import { CLUSTER, ensureFleet, ensureNetwork, ensureRole, fleetJoined } from './fleet.ts';
import { pushImages } from './images.ts';
import { ensureLogGroup, ensureService, IMAGES, PARTS, servicesSteady } from './services.ts';
import { step, until } from './steps.ts';

/**
 * A web shop on ECS, as a team would set it up with the AWS SDK: images in ECR, a cluster on an Auto Scaling group, one application load
 * balancer that routes by host and by path, logs in CloudWatch. Nothing in it knows of Gantry: AWS_ENDPOINT_URL, keys and region come
 * from the environment (`eval "$(./gantry env)"`). Run again, it changes only what differs.
 */
process.once('uncaughtException', (error) => {
  console.error(error.message);
  process.exit(1);
});

const network = await step('network and security groups', ensureNetwork);
await step('role of the instances', ensureRole);
await step('a fleet of three instances', () => ensureFleet(network));
const images = await pushImages(IMAGES);
const balancer = await step('load balancer', () => ensureBalancer(network));
await step('log group', ensureLogGroup);
await step('instances joined the cluster', fleetJoined);
await step(`${PARTS.length} services`, async () => {
  for (const part of PARTS) await ensureService(part, images, network, balancer);
});
await step('services steady', servicesSteady);
const url = `http://${balancer.host}/`;
await step('the shop answers', () => until('the shop answers', 60, () => fetch(url).then(async (response) => response.ok && (await response.text()).includes('Enamel mug'), () => false)));

console.log(`\n${await whereTasksRun()}\n\nThe shop is open: ${url}`);

/** A table: which task runs on which instance, in which zone. */
async function whereTasksRun(): Promise<string> {
  const ecs = new ECSClient({});
  const arns: string[] = [];
  for await (const page of paginateListTasks({ client: ecs }, { cluster: CLUSTER })) arns.push(...(page.taskArns ?? []));
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: arns.slice(0, 100) }));
  const instanceArns = [...new Set(tasks!.flatMap((task) => task.containerInstanceArn ?? []))];
  const { containerInstances } = await ecs.send(new DescribeContainerInstancesCommand({ cluster: CLUSTER, containerInstances: instanceArns }));
  const instanceIds = new Map(containerInstances!.map((instance) => [instance.containerInstanceArn, instance.ec2InstanceId]));
  const rows = tasks!
    .map((task) => [task.group!.replace('service:', ''), task.lastStatus!, task.availabilityZone ?? '', instanceIds.get(task.containerInstanceArn) ?? '', task.taskArn!.slice(-8)])
    .sort((a, b) => a.join().localeCompare(b.join()));
  return [['SERVICE', 'STATUS', 'ZONE', 'INSTANCE', 'TASK'], ...rows].map((row) => row.map((cell, i) => cell.padEnd([17, 9, 12, 20, 8][i]!)).join('  ')).join('\n');
}
