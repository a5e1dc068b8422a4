import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { awsAuth, whoami } from '../fixtures/access.ts';
import { clusterActive, kubeconfigOf, kubectlOf, sharedCluster, skip, type TestCluster } from '../fixtures/cluster.ts';
import { installationOf } from '../fixtures/gantry.ts';
import { removeUser, session, user } from '../fixtures/identities.ts';
import { membersOf } from '../fixtures/members.ts';
import { refused } from '../fixtures/refused.ts';
import { clients, shared, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';

const { ec2, eks, iam } = clients;
const { account } = installationOf(shared.name);
const UNKNOWN = /Unauthorized|must be logged in|provide credentials/;

/** A cluster as it was made before access entries came (CONFIG_MAP, still the API's default), from its creation to its end. */
describe('a cluster of its own', { skip, timeout: 3_600_000 }, () => {
  const name = unique('own');
  let neighbour: TestCluster;
  let endpoint = '';
  let one: Pick<TestCluster, 'env' | 'name'>;
  let someone: Awaited<ReturnType<typeof user>>;
  let worker: Awaited<ReturnType<typeof session>>;
  let leftBefore: Awaited<ReturnType<typeof whatIsThere>>;

  before(async () => {
    neighbour = await sharedCluster();
    leftBefore = await whatIsThere();
    [someone, worker] = await Promise.all([user(clients, name), session(clients, account, `${name}-role`, 'a-session')]);
  });

  after(async () => {
    if ((await eks.listClusters({})).clusters?.includes(name)) await eks.deleteCluster({ name });
    await removeUser(clients, name);
    await iam.deleteRole({ RoleName: `${name}-role` });
  });

  async function whatIsThere() {
    const [{ NetworkInterfaces = [] }, { SecurityGroups = [] }] = await Promise.all([ec2.describeNetworkInterfaces({}), ec2.describeSecurityGroups({})]);
    return { interfaces: NetworkInterfaces.map(({ NetworkInterfaceId = '' }) => NetworkInterfaceId).sort(), groups: SecurityGroups.map(({ GroupId = '' }) => GroupId).sort() };
  }

  it('is CREATING, then ACTIVE; what needs it waits', async () => {
    const { cluster } = await eks.createCluster({ name, roleArn: neighbour.roles.cluster, resourcesVpcConfig: { subnetIds: neighbour.subnets }, tags: { for: 'tests' } });
    assert.deepEqual([cluster?.status, cluster?.accessConfig?.authenticationMode, cluster?.tags], ['CREATING', 'CONFIG_MAP', { for: 'tests' }]);
    await refused(
      eks.createNodegroup({ clusterName: name, nodegroupName: 'a', nodeRole: neighbour.roles.node, subnets: neighbour.subnets }),
      'InvalidRequestException', 400, `Cluster '${name}' is not in ACTIVE status`,
    );
    await clusterActive(clients, name);
    endpoint = (await eks.describeCluster({ name })).cluster?.endpoint ?? '';
    assert.match(endpoint, /^https:\/\/[0-9a-f]{32}\.gr7\.[^/]+$/i);
    assert.deepEqual(new Set((await membersOf(name)).map(({ zone }) => zone)).size, 3);
    one = { name, ...(await kubeconfigOf(name)) };
  });

  it('knows its creator though no list names him, and by `aws-auth` who is mapped there', async () => {
    const kubectl = kubectlOf(one);
    assert.equal(await kubectl('auth', 'can-i', '*', '*'), 'yes');
    await refused(eks.createAccessEntry({ clusterName: name, principalArn: someone.arn }), 'InvalidRequestException', 400, "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.");
    await assert.rejects(kubectlOf(one, someone.keys)('get', 'pods'), UNKNOWN);
    await kubectl.apply(awsAuth({
      roles: [{ rolearn: worker.arn, username: 'worker:{{SessionName}}', groups: ['workers'] }],
      users: [{ userarn: someone.arn, username: 'someone', groups: ['system:masters'] }],
    }));
    const [byRole, byUser] = await Promise.all([worker, someone].map(({ keys }) => until('it is mapped', 30, () => whoami(kubectlOf(one, keys)))));
    assert.deepEqual([byRole?.username, byRole?.groups.includes('workers')], ['worker:a-session', true]);
    assert.deepEqual([byUser?.username, byUser?.groups.includes('system:masters')], ['someone', true]);
  });

  it('goes over to access entries, and not back', async () => {
    await eks.updateClusterConfig({ name, accessConfig: { authenticationMode: 'API' } });
    assert.deepEqual((await eks.listAccessEntries({ clusterName: name })).accessEntries, [`arn:aws:iam::${account}:user/admin`], 'its creator has an entry now');
    await eks.createAccessEntry({ clusterName: name, principalArn: worker.arn, kubernetesGroups: ['others'] });
    await until('the entry counts', 30, async () => holds(await whoami(kubectlOf(one, worker.keys)), ({ groups }) => groups.includes('others') && !groups.includes('workers')));
    await until('the config map counts no more', 30, () => kubectlOf(one, someone.keys)('get', 'pods').then(() => false, (error: Error) => UNKNOWN.test(error.message)));
    await refused(eks.updateClusterConfig({ name, accessConfig: { authenticationMode: 'CONFIG_MAP' } }), 'InvalidParameterException', 400, 'Unsupported authentication mode update from API to CONFIG_MAP');
  });

  it('is closed to the outside when public access ends', async () => {
    const kubectl = kubectlOf(one);
    await until('its creator is let in by the entry', 30, () => kubectlOf(one)('auth', 'can-i', '*', '*'));
    await kubectl('get', '--raw', '/readyz');
    const { update } = await eks.updateClusterConfig({ name, resourcesVpcConfig: { endpointPublicAccess: false, endpointPrivateAccess: true } });
    assert.equal(update?.type, 'EndpointAccessUpdate');
    await until('nobody gets in', 30, () => kubectl('get', '--raw', '/readyz', '--request-timeout=2s').then(() => false, () => true));
    await until('the update is done', 30, async () => holds((await eks.describeUpdate({ name, updateId: update?.id })).update?.status, (status) => status === 'Successful'));
  });

  it('leaves nothing when it is deleted', async () => {
    assert.equal((await eks.deleteCluster({ name })).cluster?.status, 'DELETING');
    await until('it has gone', 60, async () => !(await eks.listClusters({})).clusters?.includes(name));
    assert.deepEqual(await membersOf(name), []);
    const left = await whatIsThere();
    assert.deepEqual([left.interfaces.filter((id) => !leftBefore.interfaces.includes(id)), left.groups.filter((id) => !leftBefore.groups.includes(id))], [[], []]);
    await until('its name has gone', 30, () => !readFileSync('/etc/hosts', 'utf8').includes(new URL(endpoint).hostname));
  });
});
