import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateClusterCommand, CreateFargateProfileCommand, DeleteFargateProfileCommand, DescribeFargateProfileCommand, EKSClient, ListFargateProfilesCommand } from '@aws-sdk/client-eks';
import type { CreateFargateProfileCommandInput } from '@aws-sdk/client-eks';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { startInstallation } from '../../../../test/installation.ts';
import { selectorsFrom } from './fargate-profiles.ts';

describe('Fargate profiles by the SDK, of a cluster that has no machine to come up on', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let clients: { eks: EKSClient; ec2: EC2Client; iam: IAMClient };
  const roleFor = async (RoleName: string, service: string) => {
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] });
    return (await clients.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }))).Role?.Arn ?? '';
  };
  const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error) => `${error.name}: ${error.message}`);
  const create = (input: Partial<CreateFargateProfileCommandInput>) =>
    clients.eks.send(new CreateFargateProfileCommand({ clusterName: 'shop', fargateProfileName: 'batch', podExecutionRoleArn: '', selectors: [{ namespace: 'batch' }], ...input }));

  before(async () => {
    installation = await startInstallation();
    clients = { eks: new EKSClient(installation.client), ec2: new EC2Client(installation.client), iam: new IAMClient(installation.client) };
    const subnetIds = ((await clients.ec2.send(new DescribeSubnetsCommand({}))).Subnets ?? []).map(({ SubnetId = '' }) => SubnetId);
    await clients.eks.send(new CreateClusterCommand({ name: 'shop', roleArn: await roleFor('cluster', 'eks.amazonaws.com'), resourcesVpcConfig: { subnetIds } }));
  });
  after(async () => {
    for (const client of Object.values(clients)) client.destroy();
    await installation.close();
  });

  it('refuses in AWS\'s words, and stores nothing', async () => {
    const { eks } = clients;
    const names = { clusterName: 'shop', fargateProfileName: 'batch' };
    const podExecutionRoleArn = await roleFor('pods', 'eks-fargate-pods.amazonaws.com');
    assert.equal(await refusal(create({ clusterName: 'other' })), 'ResourceNotFoundException: No cluster found for name: other.');
    assert.match(await refusal(create({ podExecutionRoleArn: 'arn:aws:iam::000000000000:role/none' })), /^InvalidParameterException: Role with arn/);
    assert.match(await refusal(create({ podExecutionRoleArn: await roleFor('nodes', 'ec2.amazonaws.com') })), /^InvalidParameterException: Misconfigured PodExecutionRole Trust Policy/);
    assert.match(await refusal(create({ podExecutionRoleArn, fargateProfileName: 'eks-own' })), /reserved prefix/);
    assert.match(await refusal(create({ podExecutionRoleArn, selectors: [] })), /at least one selector/);
    assert.match(await refusal(create({ podExecutionRoleArn })), /^InvalidRequestException: Cluster 'shop' is not in ACTIVE status/);
    assert.equal(await refusal(eks.send(new DescribeFargateProfileCommand(names))), 'ResourceNotFoundException: No Fargate Profile found with name: batch.');
    assert.equal(await refusal(eks.send(new DeleteFargateProfileCommand(names))), 'ResourceNotFoundException: No Fargate Profile found with name: batch.');
    assert.deepEqual((await eks.send(new ListFargateProfilesCommand({ clusterName: 'shop' }))).fargateProfileNames, []);
  });

  it('takes wildcards in selectors, and no other signs', () => {
    assert.deepEqual(selectorsFrom([{ namespace: 'prod-*', labels: { 'app?': 'w*b' } }]), [{ namespace: 'prod-*', labels: { 'app?': 'w*b' } }]);
    assert.throws(() => selectorsFrom([{ namespace: 'Prod' }]), /not a valid Kubernetes namespace/);
    assert.throws(() => selectorsFrom([{ namespace: 'a', labels: { '^x': '1' } }]), /not a valid Kubernetes label key/);
  });
});
