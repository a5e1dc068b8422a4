import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { kubectlOf, sharedCluster, skip, type Kubectl, type TestCluster } from '../fixtures/cluster.ts';
import { installationOf } from '../fixtures/gantry.ts';
import { clients, shared, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';

const { eks, logs } = clients;

/** What the control plane has to say is in CloudWatch Logs, kind by kind. */
describe("a control plane's logs", { skip, timeout: 3_600_000 }, () => {
  const name = unique('logs');
  const kinds = ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'] as const;
  const programs = ['authenticator', 'kube-apiserver', 'kube-apiserver-audit', 'kube-controller-manager', 'kube-scheduler'];
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let logGroupName = '';

  before(async () => {
    cluster = await sharedCluster();
    kubectl = kubectlOf(cluster);
    logGroupName = `/aws/eks/${cluster.name}/cluster`;
  });

  it('are of five kinds, with a stream for each member', async () => {
    assert.deepEqual((await eks.describeCluster({ name: cluster.name })).cluster?.logging?.clusterLogging, [{ types: [...kinds], enabled: true }]);
    await until('all kinds are there', 60, async () => {
      const { logStreams = [] } = await logs.describeLogStreams({ logGroupName });
      return holds([...new Set(logStreams.map(({ logStreamName = '' }) => logStreamName.replace(/-[0-9a-f]{32}$/, '')))].sort(), (found) => programs.every((program) => found.includes(program)));
    });
  });

  it('tell who did what', async () => {
    await kubectl('create', 'configmap', name, '--from-literal=a=b');
    await kubectl('delete', 'configmap', name);
    // Each member sends its own.
    const told = await until('the audit log tells of it', 60, async () => {
      const { events = [] } = await logs.filterLogEvents({ logGroupName, logStreamNamePrefix: 'kube-apiserver-audit-', filterPattern: `{ $.objectRef.name = "${name}" }` });
      const all = events.map(({ message = '' }) => JSON.parse(message) as { verb: string; user: { username: string } });
      return holds(all, () => ['create', 'delete'].every((one) => all.some(({ verb }) => verb === one)));
    });
    const { account } = installationOf(shared.name);
    assert.deepEqual(new Set(told.map(({ user }) => user.username)), new Set([`arn:aws:iam::${account}:user/admin`]));
  });
});
