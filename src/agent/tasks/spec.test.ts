import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { AcsContainer, AcsTask, DockerConfig, DockerHostConfig } from '../../wire/acs.ts';
import type { TaskRecord } from '../state.ts';
import { containerConfig, environment, hostsFile, sandboxConfig } from './spec.ts';

function record(container: Partial<AcsContainer>, task: Partial<AcsTask> = {}): { record: TaskRecord; container: AcsContainer } {
  const whole = { name: 'web', containerArn: '', image: 'image', essential: true, cpu: 0, memory: 128, ...container };
  const containers = [whole];
  return {
    container: whole,
    record: {
      task: { arn: 'arn:aws:ecs:us-east-1:000000000000:task/c/0123', family: 'f', version: '1', desiredStatus: 'RUNNING', containers, ...task },
      clusterArn: '', seqNum: 1, receivedAt: '', desired: 'RUNNING', submitted: { containers: {} },
      containers: { web: { phase: 'PULLED', metadataId: 'meta', attempt: 0 } },
      sandboxes: { web: { attempt: 0, bindings: [], address: '172.17.0.2' }, task: { attempt: 0, bindings: [] } },
    },
  };
}
const docker = (config: DockerConfig, hostConfig: DockerHostConfig = {}) => ({ dockerConfig: { config: JSON.stringify(config), hostConfig: JSON.stringify(hostConfig) } });
const made = (container: Partial<AcsContainer>) => {
  const given = record(container);
  return containerConfig(given.record, given.container, { environment: {}, mounts: [], image: 'sha256:1' });
};

it('a container as Docker would make it', () => {
  const config = made({ entryPoint: ['/e'], command: ['c'], cpu: 1, linuxParameters: { capabilities: { add: ['CAP_SYS_PTRACE'] } }, ...docker({ User: '1000:50', WorkingDir: '/w' }, { ReadonlyRootfs: true }) });
  assert.deepEqual([config.command, config.args, config.workingDir], [['/e'], ['c'], '/w']);
  assert.deepEqual(config.linux.resources, { cpuShares: 2, memoryLimitInBytes: 128 * 2 ** 20 });
  const { securityContext } = config.linux;
  assert.deepEqual([securityContext.runAsUser, securityContext.runAsGroup, securityContext.readonlyRootfs], [{ value: 1000 }, { value: 50 }, true]);
  assert.deepEqual(securityContext.capabilities.addCapabilities, ['SYS_PTRACE']);
  assert.ok(securityContext.maskedPaths.includes('/proc/kcore'));
});

it('an overridden command takes the place of the defined one', () => {
  assert.deepEqual(made({ command: ['a'], overrides: '{"command":["b"]}' }).args, ['b']);
  assert.deepEqual(made({ ...docker({ User: 'nobody' }) }).linux.securityContext.runAsUsername, 'nobody');
});

it('the environment: the agent\'s, the definition\'s over it, secrets over both', () => {
  const role = { credentialsId: 'id', roleArn: '', accessKeyId: '', secretAccessKey: '', sessionToken: '', expiration: '' };
  const given = record({ environment: { AWS_REGION: 'mine', A: '1' } }, { roleCredentials: role });
  const all = environment(given.record, given.container, { region: 'us-east-1' }, { A: 'secret' });
  assert.equal(all.AWS_REGION, 'mine');
  assert.equal(all.A, 'secret');
  assert.equal(all.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, '/v2/credentials/id');
  assert.equal(all.ECS_CONTAINER_METADATA_URI_V4, 'http://169.254.170.2/v4/meta');
});

it('in bridge mode a sandbox a container, in host mode the instance\'s network, in awsvpc the ENI\'s name and DNS', () => {
  const places = { logDir: '/log', cgroupParent: '/ecs' };
  const bridge = sandboxConfig(record({}).record, 'web', places);
  assert.equal(bridge.linux.securityContext.namespaceOptions.network, 'POD');
  assert.match(bridge.hostname, /^[0-9a-f]{12}$/);
  assert.equal(bridge.linux.cgroupParent, '/ecs/0123');
  const host = sandboxConfig(record({}, { networkMode: 'host' }).record, 'task', places);
  assert.deepEqual([host.linux.securityContext.namespaceOptions.network, host.hostname], ['NODE', '']);
  const eni = { attachmentArn: '', ec2Id: '', macAddress: '', ipv4Addresses: [{ privateAddress: '10.0.0.5', primary: true }], subnetGatewayIpv4Address: '10.0.0.1/24', domainNameServers: ['10.0.0.2'], privateDnsName: 'ip-10-0-0-5.ec2.internal' };
  const vpc = record({}, { networkMode: 'awsvpc', elasticNetworkInterfaces: [eni] });
  const config = sandboxConfig(vpc.record, 'task', places);
  assert.deepEqual([config.hostname, config.dnsConfig?.servers], ['ip-10-0-0-5', ['10.0.0.2']]);
  assert.match(hostsFile(vpc.record, vpc.container, 'task'), /^10\.0\.0\.5\tip-10-0-0-5$/m);
});

it('/etc/hosts has extra hosts', () => {
  const given = record(docker({ Hostname: 'h' }, { ExtraHosts: ['db:10.0.0.9'] }));
  assert.equal(hostsFile(given.record, given.container, 'web'), '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n172.17.0.2\th\n10.0.0.9\tdb\n');
});
