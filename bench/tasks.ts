import { join } from 'node:path';
import { binDir } from '../src/engines/index.ts';
import { run } from '../src/engines/command.ts';
import { runDirOf } from '../src/wire/paths.ts';
import { clientsOf } from '../test/fixtures/clients.ts';
import { fleet } from '../test/fixtures/fleet.ts';
import { bringUp, gantry } from '../test/fixtures/gantry.ts';
import { webImages } from '../test/fixtures/image.ts';
import { holds, until } from '../test/fixtures/until.ts';

/**
 * How long tasks take to start by ECS, beside the same containers started by containerd alone (`ctr run`) in the same instance, in
 * the same run. Prints seconds and the ratio; a ratio of 1 would mean that ECS costs nothing.
 *
 *   node_modules/.bin/node bench/tasks.ts [how many]
 */
const count = Number(process.argv[2] ?? 10);
const name = `bench-${process.pid}`;
const bench = await bringUp(name);
try {
  const clients = clientsOf(bench);
  const { ecs, ec2 } = clients;
  const image = `${await webImages(clients, 'bench/web', { one: 'bench' })}:one`;
  const joined = await seconds(() => fleet(clients, name, 1, 't3.small'));
  const container = { name: 'web', image, memory: 32, command: ['/bin/sleep', '3600'] };
  const { taskDefinition } = await ecs.registerTaskDefinition({ family: name, containerDefinitions: [container] });
  const { Reservations } = await ec2.describeInstances({});
  const instance = Reservations![0]!.Instances![0]!.InstanceId!;

  const runTasks = async (howMany: number) => {
    const { tasks = [] } = await ecs.runTask({ cluster: name, taskDefinition: taskDefinition!.taskDefinitionArn!, count: howMany });
    const arns = tasks.map((task) => task.taskArn!);
    await until('the tasks run', 120, async () => holds((await ecs.describeTasks({ cluster: name, tasks: arns })).tasks, (all) => all?.length === howMany && all.every((task) => task.lastStatus === 'RUNNING')));
  };
  // The first one pulls the image, which both then have.
  await runTasks(1);
  const byEcs = await seconds(() => runTasks(count));
  const byContainerd = await seconds(async () => {
    for (let i = 0; i < count; i++) await inInstance(instance, 'ctr', '-n', 'k8s.io', 'run', '--detach', '--net-host', image, `bench-${i}`, '/bin/sleep', '3600');
  });
  console.table({
    'one instance, from nothing to joined': { seconds: joined.toFixed(2) },
    [`${count} tasks by ECS (own network each)`]: { seconds: byEcs.toFixed(2), 'per second': (count / byEcs).toFixed(1) },
    [`${count} containers by containerd alone (host's network)`]: { seconds: byContainerd.toFixed(2), 'per second': (count / byContainerd).toFixed(1) },
    'ratio': { seconds: (byEcs / byContainerd).toFixed(2) },
  });
} finally {
  await gantry(name, 'down', '--purge');
}

async function inInstance(id: string, ...argv: string[]): Promise<void> {
  const runc = join(await binDir('runc'), 'runc');
  await run([runc, '--root', join(runDirOf(name), 'runc'), 'exec', '--env', 'PATH=/opt/engines/containerd/bin:/opt/engines/runc/bin:/usr/sbin:/usr/bin:/sbin:/bin', id, ...argv]);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}
