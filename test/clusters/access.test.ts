import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { awsAuth, whoami } from '../fixtures/access.ts';
import { kubectlOf, sharedCluster, skip, type Kubectl, type TestCluster } from '../fixtures/cluster.ts';
import { installationOf } from '../fixtures/gantry.ts';
import { removeUser, session, user } from '../fixtures/identities.ts';
import { namespace } from '../fixtures/kubernetes.ts';
import { clients, shared, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';

const { eks, iam } = clients;
const { account } = installationOf(shared.name);
const POLICIES = 'arn:aws:eks::aws:cluster-access-policy';
const UNKNOWN = /Unauthorized|must be logged in|provide credentials/;

/** Who may what in a cluster: IAM says who one is, access entries and `aws-auth` what one is called, RBAC what one may. */
describe('access to a cluster', { skip, timeout: 3_600_000 }, () => {
  const name = unique('access');
  const [open, closed] = [`${name}-open`, `${name}-closed`];
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let someone: Awaited<ReturnType<typeof user>>;
  let worker: Awaited<ReturnType<typeof session>>;

  before(async () => {
    cluster = await sharedCluster();
    kubectl = kubectlOf(cluster);
    await kubectl.apply(namespace(open), namespace(closed));
    [someone, worker] = await Promise.all([user(clients, name), session(clients, account, `${name}-role`, 'a-session')]);
  });

  after(async () => {
    await kubectl('delete', 'namespace', open, closed, '--wait=false');
    await kubectl('delete', 'configmap', 'aws-auth', '--namespace=kube-system', '--ignore-not-found');
    await removeUser(clients, name);
    await iam.deleteRole({ RoleName: `${name}-role` });
  });

  /** With a fresh token: what the API server was told of an old one it goes on believing for some minutes. */
  const as = (identity: typeof someone) => kubectlOf(cluster, identity.keys);

  it('has its creator for an administrator', async () => {
    assert.equal(await kubectl('auth', 'can-i', '*', '*'), 'yes');
    assert.equal((await whoami(kubectl)).username, `arn:aws:iam::${account}:user/admin`);
    const { accessEntries } = await eks.listAccessEntries({ clusterName: cluster.name });
    assert.ok(accessEntries?.includes(`arn:aws:iam::${account}:user/admin`));
  });

  it('is refused to whom nobody let in, whatever IAM allows', async () => {
    await iam.putUserPolicy({ UserName: name, PolicyName: 'eks', PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'eks:*', Resource: '*' }] }) });
    await assert.rejects(as(someone)('get', 'pods'), UNKNOWN);
    await iam.deleteUserPolicy({ UserName: name, PolicyName: 'eks' });
    await assert.rejects(as({ ...someone, keys: { ...someone.keys, secretAccessKey: 'wrong' } })('get', 'pods'), UNKNOWN);
  });

  it('is what an access policy says, in the namespaces that it names', async () => {
    const principalArn = someone.arn;
    const policyArn = `${POLICIES}/AmazonEKSViewPolicy`;
    await eks.createAccessEntry({ clusterName: cluster.name, principalArn });
    await eks.associateAccessPolicy({ clusterName: cluster.name, principalArn, policyArn, accessScope: { type: 'namespace', namespaces: [`${name}-op*`] } });
    const theirs = await until('it may look', 30, async () => {
      const one = as(someone);
      await one('get', 'configmaps', `--namespace=${open}`);
      return one;
    });
    await assert.rejects(theirs('delete', 'configmap', 'kube-root-ca.crt', `--namespace=${open}`), /[Ff]orbidden/);
    await assert.rejects(theirs('get', 'configmaps', `--namespace=${closed}`), /[Ff]orbidden/);
    await assert.rejects(theirs('get', 'nodes'), /[Ff]orbidden/);
    await eks.associateAccessPolicy({ clusterName: cluster.name, principalArn, policyArn, accessScope: { type: 'cluster' } });
    await until('it may look everywhere', 30, () => theirs('get', 'configmaps', `--namespace=${closed}`));
    await eks.disassociateAccessPolicy({ clusterName: cluster.name, principalArn, policyArn });
    await until('it may look no more', 30, () => theirs('get', 'configmaps', `--namespace=${open}`).then(() => false, (error: Error) => /[Ff]orbidden/.test(error.message)));
  });

  it('is what RBAC grants the names and groups of an access entry, until the entry goes', async () => {
    const principalArn = someone.arn;
    await eks.updateAccessEntry({ clusterName: cluster.name, principalArn, kubernetesGroups: [name], username: `${name}-someone` });
    await kubectl('create', 'rolebinding', 'editors', '--clusterrole=edit', `--group=${name}`, `--namespace=${closed}`);
    const theirs = await until('it has its name', 30, async () => {
      const one = as(someone);
      holds(await whoami(one), ({ username, groups }) => username === `${name}-someone` && groups.includes(name));
      return one;
    });
    // Each of the API servers hears of the binding in its own time.
    await until('it may write', 30, () => theirs('create', 'configmap', 'theirs', `--namespace=${closed}`));
    await assert.rejects(theirs('create', 'configmap', 'theirs', `--namespace=${open}`), /[Ff]orbidden/);
    await eks.deleteAccessEntry({ clusterName: cluster.name, principalArn });
    await until('it is unknown again', 30, () => as(someone)('get', 'pods').then(() => false, (error: Error) => UNKNOWN.test(error.message)));
  });

  it('is what `aws-auth` maps a role and a user to', async () => {
    await kubectl.apply(awsAuth({
      roles: [{ rolearn: worker.arn, username: 'worker:{{SessionName}}', groups: [`${name}-workers`] }],
      users: [{ userarn: someone.arn, username: 'someone', groups: ['system:masters'] }],
    }));
    const [byRole, byUser] = await Promise.all([worker, someone].map((identity) => until('it is mapped', 30, () => whoami(as(identity)))));
    assert.deepEqual([byRole?.username, byRole?.groups.includes(`${name}-workers`)], ['worker:a-session', true]);
    assert.deepEqual([byUser?.username, byUser?.groups.includes('system:masters')], ['someone', true]);
    assert.equal(await as(someone)('auth', 'can-i', '*', '*'), 'yes');
    await assert.rejects(as(worker)('get', 'configmaps', `--namespace=${open}`), /[Ff]orbidden/);
    await kubectl('delete', 'configmap', 'aws-auth', '--namespace=kube-system');
    await until('it is unknown again', 30, () => as(worker)('get', 'pods').then(() => false, (error: Error) => UNKNOWN.test(error.message)));
  });
});
