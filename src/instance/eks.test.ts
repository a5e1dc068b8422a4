import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureImage } from '../../images/index.ts';
import { run } from '../engines/command.ts';
import { binDir, list, type EngineName } from '../engines/index.ts';
import { readSignature, verifies } from '../gateway/sigv4.ts';
import { fakeControlPlane, startAgent } from '../host/agent/testing.ts';
import { testHost, testInstance, testInterface, vpcId } from '../host/network/testing.ts';
import { teardown } from '../host/teardown.ts';
import type { DesiredInstance } from '../wire/host.ts';
import { imageId, type ImageName } from '../wire/images.ts';
import { file, handMadeControlPlane, type HandMade } from './eks/testing.ts';

/** A member of a control plane and a node, on a real agent: upstream's programs, real packets. */
const needed: EngineName[] = ['kubernetes-1.36', 'etcd'];
const missing = (await list()).filter(({ name, state }) => needed.includes(name) && state === 'missing').map(({ name }) => name);
const skip = missing.length > 0 && `the engines ${missing.join(' and ')} are not built, which takes minutes: gantry engines build ${missing.join(' ')}`;

describe('EKS on instances', { skip, timeout: 1_200_000 }, () => {
  const [memberId, nodeId] = ['i-0123456789abcdef1', 'i-0123456789abcdef2'];
  const group = 'sg-0123456789abcdef0';
  const nodeName = 'ip-172-31-0-20.ec2.internal';
  const serviceCidr = '10.100.0.0/16';
  let fixture: Awaited<ReturnType<typeof testHost>>;
  let control: Awaited<ReturnType<typeof fakeControlPlane>>;
  let agent: Awaited<ReturnType<typeof startAgent>>;
  let made: HandMade;
  let member: DesiredInstance;
  let runc = '';
  const presented: string[] = [];
  const times: string[] = [];

  before(async () => {
    fixture = await testHost();
    const { installation } = fixture.host;
    process.env.GANTRY_RUN = join(installation.stateDir, 'run');
    runc = join(await binDir('runc'), 'runc');
    await ensureImage();
    made = await handMadeControlPlane({ address: '172.31.0.10', serviceCidr, webhook: `http://169.254.169.252:${installation.port}/authenticate` });
    control = await fakeControlPlane(installation, (_, review) => reviewed(review as { spec: { token: string } }));
    control.wish(
      { kind: 'network', id: vpcId, value: fixture.wish.network.get(vpcId)! },
      { kind: 'securityGroup', id: group, value: { networkId: vpcId, ingress: [{ protocol: '-1', source: { cidr: '172.31.0.0/16' } }], egress: [{ protocol: '-1', source: { cidr: '0.0.0.0/0' } }], members: [] } },
      { kind: 'interface', id: 'eni-0123456789abcdef1', value: testInterface(10, memberId, { securityGroupIds: [group] }) },
      { kind: 'interface', id: 'eni-0123456789abcdef2', value: testInterface(20, nodeId, { securityGroupIds: [group], prefixes: ['172.31.1.0/28', '172.31.1.16/28'] }) },
    );
    agent = await startAgent(installation);
  });

  after(async () => {
    if (!fixture) return;
    await agent?.kill('SIGKILL').catch(() => {});
    await control?.stop().catch(() => {});
    await teardown(fixture.host.installation);
    assert.deepEqual((await readdir('/run/netns').catch(() => [])).filter((one) => one.includes(fixture.host.installation.name)), []);
    assert.equal((await readFile('/proc/self/mounts', 'utf8')).includes(fixture.host.installation.name), false);
    await fixture.removeFolder();
    if (times.length) console.log(times.join('\n'));
  });

  /** As the authenticator: whose token is it? */
  function reviewed({ spec: { token } }: { spec: { token: string } }): object {
    const url = new URL(Buffer.from(token.replace(/^k8s-aws-v1\./, ''), 'base64url').toString());
    presented.push(url.href);
    const request = { method: 'GET', path: url.pathname, query: url.searchParams, headers: { host: url.host, 'x-k8s-aws-id': 'shop' }, body: Buffer.alloc(0) };
    const signature = readSignature(request);
    const authenticated = signature !== undefined && !('malformed' in signature) && signature.signedHeaders.includes('x-k8s-aws-id') && verifies(request, signature, 's');
    return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status: { authenticated, ...(authenticated && { user: { username: `system:node:${nodeName}`, groups: ['system:nodes', 'system:bootstrappers'] } }) } };
  }

  const instance = (image: ImageName, eni: string, hostName: string, memoryMiB: number): DesiredInstance => {
    const wished = { ...testInstance([eni]), imageId: imageId(image), vcpus: 2, memoryMiB, hostName };
    return { ...wished, metadata: { ...wished.metadata, instanceProfile: { arn: 'arn:aws:iam::123456789012:instance-profile/node', id: 'AIPA0', roleName: 'node' } } };
  };
  const inside = async (id: string, ...argv: string[]) =>
    (await run([runc, '--root', join(process.env.GANTRY_RUN!, fixture.host.installation.name, 'runc'), 'exec', '--env', 'PATH=/usr/sbin:/usr/bin:/opt/engines/containerd/bin:/opt/engines/kubernetes/bin', id, ...argv])).stdout.trim();
  const kubectl = (...words: string[]) => inside(memberId, '/opt/engines/kubernetes/bin/kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', ...words);
  async function until(what: string, holds: () => Promise<unknown>, withinMs = 300_000): Promise<void> {
    const begun = Date.now();
    for (let last: unknown; ; await sleep(100)) {
      const seen = await holds().catch((error: unknown) => void (last = error));
      if (seen) return void times.push(`${what} after ${Date.now() - begun} ms`);
      if (Date.now() - begun > withinMs) throw new Error(`${what}: not within ${withinMs} ms`, { cause: last });
    }
  }
  const consoleOf = (id: string) => Buffer.from(control.seen('console', id)?.output ?? '', 'base64').toString();

  it('a member of the control plane is ready, from the files that it was given', async () => {
    member = { ...instance('eks-control-plane', 'eni-0123456789abcdef1', 'member', 2048), files: made.files };
    control.wish({ kind: 'instance', id: memberId, value: member });
    await until('API server ready', async () => (await inside(memberId, 'curl', '-sk', 'https://127.0.0.1/readyz')) === 'ok');
    assert.equal(JSON.parse(await kubectl('version', '-o', 'json')).serverVersion.gitVersion, 'v1.36.3');
    await until('default service account', () => kubectl('get', 'serviceaccount', 'default'));
    times.push(`memory of the member: ${await memory(memberId)}`);
  });

  it('files that change are laid in place while it runs', async () => {
    const { pid } = control.seen('instance', memberId)!;
    control.wish({ kind: 'instance', id: memberId, value: { ...member, files: [...made.files, file('/etc/kubernetes/later', 'here', 0o640)] } });
    await until('a changed file', async () => (await inside(memberId, 'stat', '-c', '%a %s', '/etc/kubernetes/later')) === '640 4');
    assert.equal(control.seen('instance', memberId)?.pid, pid);
  });

  it('an instance with NodeConfig in its user data joins as a node, by its role', async () => {
    await kubectl('create', 'clusterrolebinding', 'node-proxier', '--clusterrole=system:node-proxier', '--group=system:nodes');
    const nodeConfig = [
      'apiVersion: node.eks.aws/v1alpha1', 'kind: NodeConfig', 'spec:', '  cluster:', '    name: shop', '    apiServerEndpoint: https://172.31.0.10',
      `    certificateAuthority: ${Buffer.from(made.authority).toString('base64')}`, `    cidr: ${serviceCidr}`,
      '  kubelet:', '    config:', '      maxPods: 20', '    flags:', '    - --node-labels=eks.amazonaws.com/nodegroup=web', '    - --register-with-taints=for=web:PreferNoSchedule', '',
    ].join('\n');
    const userData = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n--//\nContent-Type: application/node.eks.aws\n\n---\n${nodeConfig}\n--//--\n`;
    control.wish({ kind: 'instance', id: nodeId, value: { ...instance('eks-optimized', 'eni-0123456789abcdef2', nodeName, 2048), userData: Buffer.from(userData).toString('base64') } });
    await until('node Ready', async () => (await kubectl('get', 'node', nodeName, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')) === 'True').catch(async (error: unknown) => {
      console.log(consoleOf(nodeId), await inside(nodeId, 'tail', '-n', '60', '/var/log/kubelet/current').catch(String));
      throw error;
    });
    const node = JSON.parse(await kubectl('get', 'node', nodeName, '-o', 'json')) as KubernetesNode;
    assert.equal(node.spec.providerID, `aws:///us-east-1a/${nodeId}`);
    assert.deepEqual(node.spec.taints?.filter(({ key }) => key === 'for'), [{ key: 'for', value: 'web', effect: 'PreferNoSchedule' }]);
    const { labels } = node.metadata;
    assert.deepEqual([labels['topology.kubernetes.io/zone'], labels['topology.kubernetes.io/region'], labels['node.kubernetes.io/instance-type'], labels['eks.amazonaws.com/nodegroup']], ['us-east-1a', 'us-east-1', 't3.small', 'web']);
    assert.equal(node.status.addresses.find(({ type }) => type === 'InternalIP')?.address, '172.31.0.20');
    assert.deepEqual([node.status.capacity.pods, node.status.capacity.memory], ['20', '2Gi']);
    assert.match(presented[0] ?? '', /^http:\/\/api\.t\w+\.internal:\d+\/\?Action=GetCallerIdentity&.*X-Amz-Expires=60/);
  });

  it('pods run with addresses of the VPC, are reached, reach the API server, and are seen by logs and exec', async () => {
    const container = { name: 'web', image: 'localhost/gantry/pause:1', imagePullPolicy: 'Never', command: ['/bin/busybox', 'sh', '-c', 'echo started; mkdir /www; echo hello > /www/index.html; exec /bin/busybox httpd -f -p 8080 -h /www'] };
    const manifest = {
      apiVersion: 'v1', kind: 'List',
      items: [
        { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } } } },
        { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], clusterIP: '10.100.7.7' } },
      ],
    };
    control.wish({ kind: 'instance', id: memberId, value: { ...member, files: [...made.files, file('/root/web.json', JSON.stringify(manifest), 0o600)] } });
    await until('manifest applied', () => kubectl('apply', '-f', '/root/web.json'));
    await until('two pods ready', async () => (await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}')) === '2');
    const pods = (await kubectl('get', 'pods', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status.podIP}{"\\n"}{end}')).trim().split('\n').map((line) => line.split(' '));
    for (const [, address = ''] of pods) {
      assert.match(address, /^172\.31\.1\.([0-9]|[12][0-9]|3[01])$/);
      // From another instance: through the VPC's router, by its prefix.
      assert.equal(await inside(memberId, 'curl', '-sS', '--max-time', '60', `http://${address}:8080/`), 'hello');
    }
    const [[first = ''] = []] = pods;
    await until('service address', async () => (await inside(nodeId, 'curl', '-sS', '--max-time', '10', 'http://10.100.7.7/')) === 'hello');
    assert.equal(await kubectl('exec', first, '--', '/bin/busybox', 'wget', '-qO-', 'http://10.100.7.7/'), 'hello');
    assert.equal(await kubectl('exec', first, '--', '/bin/busybox', 'sh', '-c', 'nc -w 60 10.100.0.1 443 < /dev/null && echo reached'), 'reached');
    assert.equal(await kubectl('logs', first), 'started');
    times.push(`memory of the node: ${await memory(nodeId)}`);
  });

  /** Resident sets by program, MiB. */
  async function memory(id: string): Promise<string> {
    const rows = (await inside(id, 'ps', '-eo', 'comm,rss', '--sort=-rss', '--no-headers')).split('\n').map((row) => row.trim().split(/\s+/));
    return rows.slice(0, 8).map(([name, kib]) => `${name} ${Math.round(Number(kib) / 1024)}`).join(', ');
  }
});

interface KubernetesNode {
  metadata: { labels: Record<string, string> };
  spec: { providerID?: string; taints?: { key: string; value?: string; effect: string }[] };
  status: { addresses: { type: string; address: string }[]; capacity: Record<string, string> };
}
