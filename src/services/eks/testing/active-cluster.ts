import { randomBytes } from 'node:crypto';
import { asService } from '../../../control/as-service.ts';
import type { Env } from '../../../control/service.ts';
import { openSqlite } from '../../../store/sqlite.ts';
import type { Installation } from '../../../wire/installation.ts';
import { ec2, ec2Operations } from '../../ec2/index.ts';
import { iamOperations } from '../../iam/index.ts';
import { operations } from '../operations.ts';
import { clusters } from '../records.ts';

/** EKS's operations on a store in memory, with a cluster `shop` in the default VPC that is said to be ACTIVE: no controller runs. */
export async function activeCluster() {
  const zones = ['us-east-1a', 'us-east-1b', 'us-east-1c'];
  const installation: Installation = { name: 't', account: '123456789012', region: 'us-east-1', zones, domain: 't.internal', port: 4566, publicCidr: '198.18.0.0/22', stateDir: '/nowhere' };
  const env: Env = { installation, store: openSqlite(':memory:'), now: () => new Date(), randomHex: (n) => randomBytes(n).toString('hex').slice(0, n), log() {} };
  const scope = { account: installation.account, region: installation.region };
  await ec2.seed?.(env);
  const [eks, ec2Api, iam] = [asService(operations, env, scope, 'tests'), asService(ec2Operations, env, scope, 'tests'), asService(iamOperations, env, scope, 'tests')];
  const role = async (RoleName: string, service: string) => {
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] });
    return (await iam('CreateRole', { RoleName, AssumeRolePolicyDocument })).Role?.Arn ?? '';
  };
  const roles = { cluster: await role('cluster', 'eks.amazonaws.com'), node: await role('node', 'ec2.amazonaws.com') };
  const subnetIds = ((await ec2Api('DescribeSubnets', {})).Subnets ?? []).map(({ SubnetId = '' }) => SubnetId);
  await eks('CreateCluster', { name: 'shop', roleArn: roles.cluster, resourcesVpcConfig: { subnetIds }, accessConfig: { authenticationMode: 'API' } });
  await clusters.update(env.store, clusters.key(scope, 'shop'), (cluster) => ({ ...cluster, status: 'ACTIVE' }));
  return { env, scope, eks, ec2: ec2Api, roles, subnetIds, close: () => env.store.close() };
}

/** `<code>: <message>` of a call that must be refused. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(() => 'not refused', (error: Error & { code?: string }) => `${error.code}: ${error.message}`);
}
