import assert from 'node:assert/strict';
import type { Deployment } from '@aws-sdk/client-ecs';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from '../src/cli/supervisor/process.ts';
import { run } from '../src/engines/command.ts';
import { clientsOf, type Clients } from './fixtures/clients.ts';
import { fleet, steady, webTask, type Fleet } from './fixtures/fleet.ts';
import { bringUp, gantry, installationOf, showLogs, status, type Gantry } from './fixtures/gantry.ts';
import { get, load } from './fixtures/http.ts';
import { webImages } from './fixtures/image.ts';
import { leaksOf } from './fixtures/leaks.ts';
import { balancer, defaultNetwork, openGroup, targetGroup } from './fixtures/network.ts';
import { kill, processesIn, programOf } from './fixtures/processes.ts';
import { shared } from './fixtures/shared.ts';
import { holds, until } from './fixtures/until.ts';

const TASKS = 4;
const HOST = 'faults.example.com';

/**
 * Each program is killed with -9 in the middle of a deployment, under load. Afterwards the service is at the wished revision, no task
 * ran twice, and nothing runs that nobody wished. The installation is this test's own: others would notice.
 */
describe('a program is killed while a service is being deployed', { timeout: 3_600_000 }, () => {
  const name = `${shared.name}-f`;
  let installation: Gantry;
  let clients: Clients;
  let own: Fleet;
  let url = '';
  let instances: string[] = [];
  const revisions: string[] = [];
  let deployed = 0;

  before(async () => {
    installation = await bringUp(name);
    clients = clientsOf(installation);
    const [made, image] = await Promise.all([fleet(clients, 'faults', 2, 't3.micro'), webImages(clients, 'faults', { 1: 'version 1', 2: 'version 2' })]);
    own = made;
    const { vpcId, subnets } = await defaultNetwork(clients);
    const { listener, dns } = await balancer(clients, 'faults', subnets.map(({ id }) => id), await openGroup(clients, vpcId, 'faults', [80]));
    url = `http://${dns}/cgi-bin/index.cgi`;
    const targets = await targetGroup(clients, 'faults', vpcId, 'instance');
    await clients.elb.createRule({ ListenerArn: listener, Priority: 1, Conditions: [{ Field: 'host-header', Values: [HOST] }], Actions: [{ Type: 'forward', TargetGroupArn: targets }] });
    for (const tag of [1, 2]) {
      const { taskDefinition } = await clients.ecs.registerTaskDefinition({
        family: 'faults', networkMode: 'bridge',
        volumes: [{ name: 'starts', host: { sourcePath: '/var/lib/starts' } }],
        containerDefinitions: [{ ...webTask(installation, own, `${image}:${tag}`), mountPoints: [{ sourceVolume: 'starts', containerPath: '/starts' }] }],
      });
      revisions.push(taskDefinition?.taskDefinitionArn ?? '');
    }
    await clients.ecs.createService({
      cluster: own.cluster, serviceName: 'web', taskDefinition: revisions[0], desiredCount: TASKS,
      loadBalancers: [{ targetGroupArn: targets, containerName: 'web', containerPort: 8080 }],
    });
    const { containerInstanceArns } = await clients.ecs.listContainerInstances({ cluster: own.cluster });
    const { containerInstances = [] } = await clients.ecs.describeContainerInstances({ cluster: own.cluster, containerInstances: containerInstanceArns });
    instances = containerInstances.map(({ ec2InstanceId = '' }) => ec2InstanceId);
    await steady(clients, own.cluster, 'web');
    await until('the balancer answers', 60, async () => holds(await get(url, { host: HOST }), ({ status }) => status === 200));
  });

  afterEach((context) => {
    if ('passed' in context && !context.passed) showLogs(name);
  });

  after(async () => {
    await gantry(name, 'down', '--purge');
    assert.deepEqual(await leaksOf(name), []);
  });

  /** In the first of them; known beforehand, as nobody can be asked while the control plane is down. */
  const inFirstInstance = (words: string) => async () => processesIn(name, instances[0] ?? '', words);

  async function haproxies(): Promise<number[]> {
    const namespaces = (await run(['ip', 'netns', 'list'])).stdout.split('\n').map((line) => line.split(' ')[0] ?? '').filter((one) => one.startsWith(`${name}-lb-`));
    const pids = await Promise.all(namespaces.map(async (one) => (await run(['ip', 'netns', 'pids', one])).stdout.split('\n').filter(Boolean).map(Number)));
    return pids.flat();
  }

  /** Starts of each task, by the file that its container wrote on its instance. */
  function starts(): Map<string, number> {
    const dir = join(installationOf(name).stateDir, 'host/instances');
    const found = readdirSync(dir).flatMap((instance) => {
      const folder = join(dir, instance, 'upper/var/lib/starts');
      return readdirSync(folder).map((task) => [task, readFileSync(join(folder, task), 'utf8').trim().split('\n').length] as const);
    });
    return new Map(found);
  }

  /** When to kill: so many tasks of the new revision have been started, or run. */
  const moments = {
    'as it begins': ({ pendingCount = 0, runningCount = 0 }: Deployment) => pendingCount + runningCount > 0,
    'as old tasks go': ({ runningCount = 0 }: Deployment) => runningCount === TASKS,
  };

  /** Deploys the other revision, and kills in the middle of it. */
  async function deployAndKill(victims: () => Promise<number[]>, moment: keyof typeof moments): Promise<string> {
    deployed = 1 - deployed;
    const revision = revisions[deployed] ?? '';
    await clients.ecs.updateService({ cluster: own.cluster, service: 'web', taskDefinition: revision });
    const pids = await until('there is something to kill', 30, async () => holds(await victims(), ({ length }) => length > 0));
    await until(`the deployment is there: ${moment}`, 60, async () => {
      const { services } = await clients.ecs.describeServices({ cluster: own.cluster, services: ['web'] });
      return (services?.[0]?.deployments ?? []).some((one) => one.taskDefinition === revision && moments[moment](one));
    });
    assert.ok(pids.filter(kill).length > 0, 'nothing to kill');
    return revision;
  }

  async function arrives(revision: string): Promise<void> {
    await until('the gateway answers', 20, async () => (await clients.ecs.describeClusters({ clusters: [own.cluster] })).clusters?.length);
    await steady(clients, own.cluster, 'web', revision, 180);
    const running = async () => {
      const { taskArns = [] } = await clients.ecs.listTasks({ cluster: own.cluster, serviceName: 'web', desiredStatus: 'RUNNING' });
      return taskArns.map((arn) => arn.split('/').at(-1) ?? '');
    };
    const ids = await running();
    assert.equal(ids.length, TASKS);
    const counted = starts();
    assert.deepEqual([...counted].filter(([, times]) => times !== 1), [], 'tasks that started more than once');
    assert.deepEqual(ids.filter((id) => !counted.has(id)), [], 'tasks that are said to run and never started');
    // Old tasks drain for 5 s; then nothing is left but what is wished.
    await until('nothing runs that nobody wished', 60, () => {
      const servers = instances.flatMap((id) => processesIn(name, id, 'httpd -f'));
      return holds(servers.length, (count) => count === TASKS);
    });
    for (let i = 0; i < 12; i++) assert.match((await get(url, { host: HOST })).body, new RegExp(`^version ${deployed + 1} `));
  }

  const program = (which: 'controlPlane' | 'hostAgent') => async () => [(await status(name))[which].pid].filter((pid) => pid !== null);

  const cases: Record<string, () => Promise<number[]>> = {
    'the control plane': program('controlPlane'),
    'the host agent': program('hostAgent'),
    'an ECS agent': inFirstInstance('/src/agent/main.ts'),
    'containerd in an instance': async () => (await inFirstInstance('containerd')()).filter((pid) => programOf(pid) === 'containerd'),
  };
  for (const [what, victims] of Object.entries(cases)) {
    for (const moment of Object.keys(moments) as (keyof typeof moments)[]) {
      it(`${what}, ${moment}: the deployment arrives, and not one request is lost`, async () => {
        await using traffic = load(url, HOST, /^version/);
        await arrives(await deployAndKill(victims, moment));
        await traffic.stop();
        assert.deepEqual(traffic.failures, [], `of ${traffic.count()} requests`);
      });
    }
  }

  it('all of them, again and again, while one deployment overtakes the other: the last one arrives, and not one request is lost', async () => {
    await using traffic = load(url, HOST, /^version/);
    const killed: string[] = [];
    for (let round = 0; round < 3; round++) {
      deployed = 1 - deployed;
      await until('the gateway takes the deployment', 30, async () => (await clients.ecs.updateService({ cluster: own.cluster, service: 'web', taskDefinition: revisions[deployed] })).service);
      for (const [what, victims] of Object.entries(cases).sort(() => Math.random() - 0.5)) {
        await sleep(200 + Math.random() * 1_300);
        // One that is just being started again is spared this time.
        for (const pid of await victims().catch(() => [])) {
          if (identify(pid) && kill(pid)) killed.push(what);
        }
      }
    }
    await arrives(revisions[deployed] ?? '');
    await traffic.stop();
    assert.deepEqual(traffic.failures, [], `of ${traffic.count()} requests; killed, in turn: ${killed.join(', ')}`);
  });

  it('the balancer: it is back, and the deployment arrives', async () => {
    const revision = await deployAndKill(haproxies, 'as it begins');
    await until('the balancer answers again', 30, async () => holds(await get(url, { host: HOST }), ({ status }) => status === 200));
    await using traffic = load(url, HOST, /^version/);
    await arrives(revision);
    await traffic.stop();
    assert.deepEqual(traffic.failures, [], `of ${traffic.count()} requests`);
  });
});
