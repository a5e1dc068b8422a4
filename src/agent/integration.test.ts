import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writePauseImage } from '../../images/instance/pause.ts';
import { CommandError, run } from '../engines/command.ts';
import { binDir } from '../engines/index.ts';
import type { AcsContainer, AcsTask } from '../wire/acs.ts';
import { CLUSTER_ARN, INSTANCE_ARN, startControlPlane, type ControlPlane } from './testing/control-plane.ts';

/**
 * The agent as a program, on a real containerd, against a control plane of the test's. All of it runs in namespaces of its own (network,
 * mounts, processes), which take everything with them when the test ends; cgroups alone are cleared away by hand.
 */
const INSIDE = 'GANTRY_AGENT_TEST';
const ready = process.getuid?.() === 0 && existsSync('/bin/busybox') && (await Promise.all((['containerd', 'runc', 'cni-plugins'] as const).map(binDir)).then(() => true, () => false));

const inside = process.env[INSIDE];
if (!inside) {
  it('the agent on a real containerd', { skip: ready ? false : 'needs root, busybox and built engines', timeout: 1_200_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gantry-agent-'));
    const cgroup = `/t${process.pid}agent`;
    try {
      const argv = ['unshare', '--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, '--test', '--test-reporter=spec', import.meta.filename];
      await run(argv, { env: { [INSIDE]: folder, GANTRY_TASK_CGROUP: cgroup, NODE_TEST_CONTEXT: undefined } });
    } catch (error) {
      console.error(error instanceof CommandError ? error.stdout : error);
      throw error;
    } finally {
      await removeCgroups(cgroup);
      await rm(folder, { recursive: true, force: true });
    }
  });
} else {
  const folder = inside;
  let plane: ControlPlane;
  let containerd: ChildProcess;
  let agent: ChildProcess;
  let seq = 0;

  const startContainerd = async () => {
    containerd = spawn(join(await binDir('containerd'), 'containerd'), ['--config', join(folder, 'containerd.toml')], { stdio: ['ignore', 'ignore', 'ignore'], env: { ...process.env, PATH: `${await binDir('containerd')}:${await binDir('runc')}:${process.env.PATH}` } });
  };
  const startAgent = async () => {
    const environment = {
      PATH: process.env.PATH, GANTRY_ECS_CONFIG: join(folder, 'ecs.config'), GANTRY_TASK_CGROUP: process.env.GANTRY_TASK_CGROUP,
      AWS_ENDPOINT_URL: plane.url, AWS_EC2_METADATA_SERVICE_ENDPOINT: plane.url, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'secret',
      ECS_DATADIR: join(folder, 'ecs'), ECS_LOGDIR: join(folder, 'log'), GANTRY_CONTAINERD_SOCKET: '/run/containerd/containerd.sock', GANTRY_CNI_CONF_DIR: join(folder, 'cni'), ECS_CNI_PLUGINS_PATH: await binDir('cni-plugins'),
    };
    agent = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], { stdio: ['ignore', 'ignore', openSync(join(folder, 'agent.log'), 'a')], env: environment });
  };
  const until = async <T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, ms = 120_000): Promise<T> => {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) {
      const found = await look();
      if (found) return found;
    }
    throw new Error(`not within ${ms} ms: ${what}; told: ${JSON.stringify(plane.calls.slice(-10))}; the agent's log ends with:\n${(await readFile(join(folder, 'agent.log'), 'utf8')).slice(-5000)}`);
  };
  const task = (id: string, containers: (Partial<AcsContainer> & { script?: string; name: string })[], more: Partial<AcsTask> = {}): AcsTask => ({
    arn: `arn:aws:ecs:us-east-1:000000000000:task/shop/${id.padEnd(32, '0')}`, family: 'test', version: '1', desiredStatus: 'RUNNING', ...more,
    containers: containers.map(({ script, ...container }) => ({
      containerArn: '', image: 'localhost/gantry/pause:1', essential: true, cpu: 10, memory: 64,
      ...(script ? { entryPoint: ['/bin/busybox', 'sh', '-c'], command: [script] } : {}), ...container,
    })),
  });
  const send = (...tasks: AcsTask[]) => {
    plane.send({ type: 'PayloadMessage', message: { clusterArn: CLUSTER_ARN, containerInstanceArn: INSTANCE_ARN, messageId: `m${++seq}`, seqNum: seq, tasks } });
    return `m${seq}`;
  };
  type Told = { task: string; status: string; reason?: string; containers: { containerName: string; status: string; exitCode?: number; reason?: string; networkBindings: { hostPort: number; containerPort: number }[] }[] };
  const told = (one: AcsTask, status: string) => plane.calls.filter(({ operation }) => operation === 'SubmitTaskStateChange').map(({ input }) => input as unknown as Told).find((change) => change.task === one.arn && change.status === status);
  const reaches = (one: AcsTask, status: string) => until(`${one.arn} ${status}`, () => told(one, status));
  const stop = (one: AcsTask) => send({ ...one, desiredStatus: 'STOPPED' });
  const awslogs = JSON.stringify({ LogConfig: { Type: 'awslogs', Config: { 'awslogs-group': '/shop', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'web' } } });
  const serve = 'mkdir -p /www; echo hello > /www/index.html; trap "exit 0" TERM; httpd -f -p 8080 -h /www & wait';
  const applets = 'for a in mkdir httpd sleep echo cat wget ip hostname; do eval "$a() { /bin/busybox $a \\"\\$@\\"; }"; done; ';

  before(async () => {
    await run(['mount', '-t', 'tmpfs', 'tmpfs', '/run']);
    await run(['ip', 'link', 'set', 'lo', 'up']);
    await mkdir('/run/containerd', { recursive: true });
    await writePauseImage('/bin/busybox', join(folder, 'pause.tar'));
    await mkdir(join(folder, 'go'));
    await writeFile(join(folder, 'ecs.config'), 'ECS_CLUSTER=shop\nECS_IMAGE_PULL_BEHAVIOR=prefer-cached\nECS_CONTAINER_STOP_TIMEOUT=2s\n');
    await writeFile(join(folder, 'containerd.toml'), containerdConfig(folder, await binDir('cni-plugins'), await binDir('runc')));
    plane = await startControlPlane(4566);
    await startContainerd();
    const ctr = join(await binDir('containerd'), 'ctr');
    await until('containerd', () => run([ctr, 'version']).then(() => true, () => false));
    await run([ctr, '-n', 'k8s.io', 'images', 'import', '--all-platforms', join(folder, 'pause.tar')]);
    await startAgent();
    await until('a connection', () => plane.connections() === 1);
  });

  after(() => {
    agent?.kill('SIGKILL');
    containerd?.kill('SIGKILL');
    plane?.close();
  });

  describe('inside', { timeout: 1_100_000 }, () => {
    it('registers with what the instance has', () => {
      const { input } = plane.calls.find(({ operation }) => operation === 'RegisterContainerInstance')!;
      assert.equal(input.cluster, 'shop');
      const attributes = Object.fromEntries((input.attributes as { name: string; value?: string }[]).map(({ name, value }) => [name, value]));
      assert.equal(attributes['ecs.availability-zone'], 'us-east-1a');
      assert.ok('ecs.capability.task-eni' in attributes);
      const cpu = (input.totalResources as { name: string; integerValue: number }[]).find(({ name }) => name === 'CPU')!;
      assert.equal(cpu.integerValue % 1024, 0);
    });

    it('runs a web server behind a dynamic host port, ships its log, stops it', async () => {
      const web = task('web', [{ name: 'web', script: `${applets}echo serving; ${serve}`, portMappings: [{ containerPort: 8080, hostPort: 0, protocol: 'tcp' }], dockerConfig: { hostConfig: awslogs } }]);
      const message = send(web);
      await until('acknowledgement', () => plane.replies.some((reply) => reply.type === 'AckRequest' && reply.message.messageId === message));
      const running = await reaches(web, 'RUNNING');
      const { hostPort, containerPort } = running.containers[0]!.networkBindings[0]!;
      assert.equal(containerPort, 8080);
      assert.ok(hostPort >= 32768 && hostPort <= 60999);
      assert.equal(await until('an answer', () => fetch(`http://127.0.0.1:${hostPort}/`).then((response) => response.text(), () => undefined)), 'hello\n');
      await until('the log', () => plane.logs[`/shop:web/web/${'web'.padEnd(32, '0')}`]?.includes('serving'));
      stop(web);
      const stopped = await reaches(web, 'STOPPED');
      assert.equal(stopped.containers[0]!.exitCode, 0);
      await assert.rejects(fetch(`http://127.0.0.1:${hostPort}/`));
    });

    it('tells exit codes, in the order in which containers depend on each other, with the whole log', async () => {
      const logged = { dockerConfig: { hostConfig: awslogs } };
      const job = task('job', [
        { name: 'main', script: 'echo last; exit 3', dependsOn: [{ containerName: 'init', condition: 'SUCCESS' }], ...logged },
        { name: 'init', essential: false, script: 'echo first', ...logged },
      ]);
      send(job);
      const stopped = await reaches(job, 'STOPPED');
      assert.deepEqual(Object.fromEntries(stopped.containers.map(({ containerName, exitCode }) => [containerName, exitCode])), { main: 3, init: 0 });
      assert.deepEqual(plane.logs[`/shop:web/main/${'job'.padEnd(32, '0')}`], ['last']);
    });

    it('says why a container could not start', async () => {
      const missing = task('missing', [{ name: 'main', image: `${new URL(plane.url).host}/none:1` }]);
      const broken = task('broken', [{ name: 'main', entryPoint: ['/no/such/program'] }]);
      send(missing, broken);
      assert.match((await reaches(missing, 'STOPPED')).reason!, /^CannotPullContainerError: pull image manifest has been retried 1 time\(s\): .*not found/);
      assert.match((await reaches(broken, 'STOPPED')).containers[0]!.reason!, /^CannotStartContainerError: .*\/no\/such\/program/);
    });

    it('says that a container was killed for its memory', async () => {
      const hungry = task('hungry', [{ name: 'main', memory: 16, script: 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done' }]);
      send(hungry);
      const { containers } = await reaches(hungry, 'STOPPED');
      assert.deepEqual([containers[0]!.exitCode, containers[0]!.reason], [137, 'OutOfMemoryError: Container killed due to memory usage']);
    });

    it('answers tasks at 169.254.170.2: metadata and credentials', async () => {
      const role = { credentialsId: 'abc', roleArn: 'arn:aws:iam::000000000000:role/task', accessKeyId: 'ASIATASK', secretAccessKey: 's', sessionToken: 't', expiration: new Date(Date.now() + 3_600_000).toISOString() };
      const script = `${applets}wget -qO- $ECS_CONTAINER_METADATA_URI_V4/task; echo; wget -qO- http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`;
      const asks = task('asks', [{ name: 'main', script, dockerConfig: { hostConfig: awslogs } }], { roleCredentials: role });
      send(asks);
      assert.equal((await reaches(asks, 'STOPPED')).containers[0]!.exitCode, 0);
      const [metadata = '', credentials = ''] = plane.logs[`/shop:web/main/${'asks'.padEnd(32, '0')}`]!;
      assert.equal((JSON.parse(metadata) as { TaskARN: string }).TaskARN, asks.arn);
      assert.equal((JSON.parse(credentials) as { AccessKeyId: string }).AccessKeyId, 'ASIATASK');
    });

    it('checks health, tells of it, and starts what waits for it', async () => {
      const check = { Test: ['CMD', '/bin/busybox', 'test', '-e', '/health/well'], Interval: 200_000_000, Retries: 1 };
      const both = task('health', [
        { name: 'base', script: 'exec /bin/busybox sleep 1000', healthCheckType: 'docker', dockerConfig: { config: JSON.stringify({ Healthcheck: check }) }, mountPoints: [{ sourceVolume: 'health', containerPath: '/health' }] },
        { name: 'main', script: 'exit 5', dependsOn: [{ containerName: 'base', condition: 'HEALTHY' }] },
      ], { volumes: [{ name: 'health', host: { sourcePath: join(folder, 'health') } }] });
      send(both);
      const statuses = () => plane.health.filter(({ taskArn }) => taskArn === both.arn).map(({ containers }) => containers[0]!.healthStatus);
      await until('UNHEALTHY', () => statuses().includes('UNHEALTHY'));
      await writeFile(join(folder, 'health/well'), '');
      const stopped = await reaches(both, 'STOPPED');
      assert.equal(stopped.containers.find(({ containerName }) => containerName === 'main')?.exitCode, 5);
    });

    it('awsvpc: the ENI is announced, becomes eth0 of the task, and comes back', async () => {
      await run(['ip', 'link', 'add', 'eni1', 'type', 'veth', 'peer', 'name', 'router1']);
      await run(['ip', 'address', 'add', '172.31.0.1/20', 'dev', 'router1']);
      for (const link of ['eni1', 'router1']) await run(['ip', 'link', 'set', link, 'up']);
      const mac = (JSON.parse((await run(['ip', '-j', 'link', 'show', 'eni1'])).stdout) as { address: string }[])[0]!.address;
      const eni = { attachmentArn: 'arn:aws:ecs:us-east-1:000000000000:attachment/1', ec2Id: 'eni-1', macAddress: mac, ipv4Addresses: [{ privateAddress: '172.31.0.9', primary: true }], subnetGatewayIpv4Address: '172.31.0.1/20' };
      const script = `${applets}echo $(wget -qO- $ECS_CONTAINER_METADATA_URI_V4 | /bin/busybox grep -o 172.31.0.9 | /bin/busybox head -1); ip route; ${serve}`;
      const web = task('vpc', [{ name: 'web', script, dockerConfig: { hostConfig: awslogs } }], { networkMode: 'awsvpc', elasticNetworkInterfaces: [eni] });
      plane.send({ type: 'AttachTaskNetworkInterfacesMessage', message: { clusterArn: CLUSTER_ARN, containerInstanceArn: INSTANCE_ARN, taskArn: web.arn, messageId: 'attach', waitTimeoutMs: 300_000, elasticNetworkInterfaces: [eni] } });
      await until('ATTACHED', () => plane.calls.some(({ input }) => (input.attachments as { status: string }[] | undefined)?.[0]?.status === 'ATTACHED'));
      send(web);
      await reaches(web, 'RUNNING');
      assert.equal(await until('an answer', () => fetch('http://172.31.0.9:8080/').then((response) => response.text(), () => undefined)), 'hello\n');
      const lines = await until('the routes', () => (plane.logs[`/shop:web/web/${'vpc'.padEnd(32, '0')}`]?.length ?? 0) >= 4 && plane.logs[`/shop:web/web/${'vpc'.padEnd(32, '0')}`]);
      assert.ok(lines.includes('172.31.0.9'));
      assert.ok(lines.some((line) => line.startsWith('default via 172.31.0.1 dev eth0')), lines.join('\n'));
      stop(web);
      await reaches(web, 'STOPPED');
      const links = JSON.parse((await run(['ip', '-j', 'link', 'show'])).stdout) as { address: string }[];
      assert.ok(links.some(({ address }) => address === mac));
    });

    it('killed, it takes up what runs and starts nothing twice; containerd killed, likewise', async () => {
      // Each start adds a line to a file on the instance; what is shipped may be shipped twice when the agent dies.
      const counted = (id: string) => ({ mountPoints: [{ sourceVolume: 'starts', containerPath: '/starts' }], environment: { STARTS: `/starts/${id}` } });
      const starts = { volumes: [{ name: 'starts', host: { sourcePath: join(folder, 'starts') } }] };
      const startsOf = async (id: string) => (await readFile(join(folder, 'starts', id), 'utf8').catch(() => '')).split('\n').length - 1;
      const web = task('survivor', [{ name: 'web', script: `${applets}echo started | /bin/busybox tee -a $STARTS; ${serve}`, portMappings: [{ containerPort: 8080, hostPort: 0, protocol: 'tcp' }], dockerConfig: { hostConfig: awslogs }, ...counted('survivor') }], starts);
      send(web);
      const { hostPort } = (await reaches(web, 'RUNNING')).containers[0]!.networkBindings[0]!;
      const answers = () => fetch(`http://127.0.0.1:${hostPort}/`).then((response) => response.ok, () => false);
      const killAndStart = async () => {
        agent.kill('SIGKILL');
        await once(agent, 'exit');
        assert.ok(await answers(), 'traffic stopped with the agent');
        await startAgent();
        await until('a connection', () => plane.connections() === 1);
      };
      await killAndStart();
      const again = send(web);
      await until('acknowledgement', () => plane.replies.some((reply) => reply.type === 'AckRequest' && reply.message.messageId === again));
      containerd.kill('SIGKILL');
      await once(containerd, 'exit');
      assert.ok(await answers(), 'traffic stopped with containerd');
      await startContainerd();
      // Killed in the middle of many starts, too.
      const many = Array.from({ length: 4 }, (_, index) => task(`many${index}`, [{ name: 'main', script: 'echo started >> $STARTS; exec /bin/busybox sleep 1000', ...counted(`many${index}`) }], starts));
      send(...many);
      await sleep(700);
      await killAndStart();
      // The runtime gives up a start whose caller died. If there may have been a process, the task ends rather than run twice.
      for (const one of many) {
        const { status, reason } = await until(`${one.arn} started`, () => told(one, 'RUNNING') ?? told(one, 'STOPPED'));
        if (status === 'STOPPED') assert.match(reason ?? '', /^CannotStartContainerError: failed to (create|start) containerd task\b.*context canceled/);
      }
      [web, ...many].forEach(stop);
      for (const one of [web, ...many]) await reaches(one, 'STOPPED');
      for (const id of ['survivor', ...many.map((_, index) => `many${index}`)]) assert.ok((await startsOf(id)) <= 1, id);
      assert.equal(await startsOf('survivor'), 1);
      assert.ok(plane.logs[`/shop:web/web/${'survivor'.padEnd(32, '0')}`]?.includes('started'));
    });

    it('what happened while the control plane was away is told when it is back', async () => {
      const short = task('short', [{ name: 'main', script: 'while [ ! -e /go/on ]; do /bin/busybox sleep 0.1; done; exit 7', mountPoints: [{ sourceVolume: 'go', containerPath: '/go' }] }], { volumes: [{ name: 'go', host: { sourcePath: join(folder, 'go') } }] });
      send(short);
      await reaches(short, 'RUNNING');
      plane.up = false;
      plane.disconnect();
      await writeFile(join(folder, 'go/on'), '');
      await sleep(1500);
      plane.up = true;
      assert.equal((await reaches(short, 'STOPPED')).containers[0]!.exitCode, 7);
      await until('a connection', () => plane.connections() === 1);
    });

    it('nothing of the stopped tasks is left but their records', async () => {
      await until('no namespaces', async () => (await readdir('/run/netns')).length === 0);
      assert.doesNotMatch((await run(['nft', 'list', 'map', 'ip', 'ecs', 'ports'])).stdout, /elements/);
      const state = JSON.parse(await readFile(join(folder, 'ecs/agent.json'), 'utf8')) as { tasks: Record<string, { stoppedAt?: string }> };
      assert.ok(Object.values(state.tasks).every(({ stoppedAt }) => stoppedAt));
    });
  });
}

function containerdConfig(folder: string, cni: string, runc: string): string {
  return `version = 3
root = "${folder}/containerd"
state = "/run/containerd"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "localhost/gantry/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${cni}"]
    conf_dir = "${folder}/cni"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = "${runc}/runc"
`;
}

async function removeCgroups(group: string): Promise<void> {
  for (const hierarchy of [...(await readdir('/sys/fs/cgroup')).map((name) => join('/sys/fs/cgroup', name)), '/sys/fs/cgroup']) {
    const parents = await readdir(join(hierarchy, group), { withFileTypes: true }).catch(() => []);
    for (const entry of parents) {
      if (!entry.isDirectory()) continue;
      for (const below of await readdir(join(hierarchy, group, entry.name), { withFileTypes: true })) if (below.isDirectory()) await rmdir(join(hierarchy, group, entry.name, below.name)).catch(() => {});
      await rmdir(join(hierarchy, group, entry.name)).catch(() => {});
    }
    await rmdir(join(hierarchy, group)).catch(() => {});
  }
}
