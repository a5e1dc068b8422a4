import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { kubectlOf, sharedCluster, skip, type Kubectl, type TestCluster } from '../fixtures/cluster.ts';
import { namespace, type Pod } from '../fixtures/kubernetes.ts';
import { clients, unique } from '../fixtures/shared.ts';
import { holds, until } from '../fixtures/until.ts';

const { eks, iam } = clients;

/** As any program with AWS's SDK, which finds role, token and gateway by itself. */
const PROGRAM = `
import { EC2 } from '@aws-sdk/client-ec2';
import { STS } from '@aws-sdk/client-sts';
const said = (call) => call.catch(({ name, message }) => ({ refused: name, message }));
const { Arn, refused, message } = await said(new STS({}).getCallerIdentity({}));
const ec2 = new EC2({});
const outcome = async (call) => (await said(call)).refused ?? 'done';
console.log(JSON.stringify(refused ? { refused, message } : { Arn, vpcs: await outcome(ec2.describeVpcs({})), subnets: await outcome(ec2.describeSubnets({})) }));
`;

interface PodWithToken extends Pod {
  spec: Pod['spec'] & { volumes: { name: string }[] };
}

/** Roles for service accounts, from an OpenID Connect provider to a program in a pod. */
describe('a role for a service account', { skip, timeout: 3_600_000 }, () => {
  const name = unique('irsa');
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let provider = '';
  let role = '';

  before(async () => {
    cluster = await sharedCluster();
    kubectl = kubectlOf(cluster);
    const issuer = (await eks.describeCluster({ name: cluster.name })).cluster?.identity?.oidc?.issuer ?? '';
    // Without a thumbprint: IAM asks the issuer for its certificate.
    provider = (await iam.createOpenIDConnectProvider({ Url: issuer, ClientIDList: ['sts.amazonaws.com'] })).OpenIDConnectProviderArn ?? '';
    const host = issuer.replace('https://', '');
    const trust = { Effect: 'Allow', Principal: { Federated: provider }, Action: 'sts:AssumeRoleWithWebIdentity', Condition: { StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com', [`${host}:sub`]: `system:serviceaccount:${name}:reader` } } };
    role = (await iam.createRole({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }) })).Role?.Arn ?? '';
    await iam.putRolePolicy({ RoleName: name, PolicyName: 'own', PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ec2:DescribeVpcs', Resource: '*' }] }) });
    const account = (of: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: of, namespace: name, annotations: { 'eks.amazonaws.com/role-arn': role } } });
    await kubectl.apply(namespace(name), account('reader'), account('stranger'));
  });

  after(async () => {
    await kubectl('delete', 'namespace', name, '--wait=false');
    await iam.deleteRolePolicy({ RoleName: name, PolicyName: 'own' });
    await iam.deleteRole({ RoleName: name });
    await iam.deleteOpenIDConnectProvider({ OpenIDConnectProviderArn: provider });
  });

  /** A program of the node's own Node runs in the pod, which has nothing but the node's libraries. */
  const pod = (account: string) => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { name: account, namespace: name },
    spec: {
      serviceAccountName: account, restartPolicy: 'Never',
      containers: [{
        name: 'c', image: `${cluster.image}:1`, workingDir: '/opt/gantry', command: ['/opt/gantry/node_modules/node/bin/node', '--input-type=module', '--eval', PROGRAM],
        volumeMounts: FOLDERS.map((path, index) => ({ name: `folder-${index}`, mountPath: path, readOnly: true })),
      }],
      volumes: FOLDERS.map((path, index) => ({ name: `folder-${index}`, hostPath: { path } })),
    },
  });
  const FOLDERS = ['/usr', '/lib', '/lib64', '/opt/gantry'];

  /** What the program in a pod of this service account said. */
  async function said(account: string): Promise<Record<string, string>> {
    const read = () => kubectl.json<PodWithToken>('get', 'pod', account, `--namespace=${name}`);
    await until(`the API server knows of ${account}'s role`, 60, async () => {
      await kubectl.apply(pod(account));
      if ((await read()).spec.volumes.some((volume) => volume.name === 'aws-iam-token')) return true;
      await kubectl('delete', 'pod', account, `--namespace=${name}`, '--now');
      return false;
    });
    await until(`${account} has ended`, 120, async () => holds(await read(), ({ status }) => ['Succeeded', 'Failed'].includes(status.phase ?? '')));
    const output = await kubectl('logs', account, `--namespace=${name}`);
    try {
      return JSON.parse(output) as Record<string, string>;
    } catch {
      return assert.fail(`${account} said: ${output}`);
    }
  }

  it('is what its pod acts as', async () => {
    const { Arn, ...calls } = await said('reader');
    assert.match(Arn ?? '', new RegExp(`:assumed-role/${name}/`));
    assert.deepEqual(calls, { vpcs: 'done', subnets: 'UnauthorizedOperation' });
  });

  it('is refused to another service account that names it', async () => {
    assert.match((await said('stranger')).message ?? '', /^Not authorized to perform sts:AssumeRoleWithWebIdentity$/);
  });
});
