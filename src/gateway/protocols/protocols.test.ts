import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as autoscaling from '@aws-sdk/client-auto-scaling';
import * as ec2 from '@aws-sdk/client-ec2';
import * as ecs from '@aws-sdk/client-ecs';
import * as eks from '@aws-sdk/client-eks';
import { AwsError } from '../../control/error.ts';
import type { Service } from '../../control/service.ts';
import { faultsOf } from './faults.ts';
import { awsJson, bytesOf } from './json.ts';
import type { Reply, Request, WireFormat } from './protocol.ts';
import { awsQuery, ec2Query } from './query.ts';
import { matchPath, restJson } from './rest-json.ts';
import { mistypedMember, operationsOf } from './schema.ts';

/** Each protocol is held against the SDK's own client: what it sends is read, what is answered it reads back. */

const service = (name: string, sdk: object, xmlNamespace = ''): Service => ({ name, sdk, protocol: { name: 'awsQuery', version: 'v', xmlNamespace }, operations: {}, missing: [], constraints: { shapes: {}, members: {} } });

interface Sent { method: string; path: string; query?: Record<string, string>; headers: Record<string, string>; body?: unknown }

/** Sends a command through the SDK to a handler in place of the network. */
async function exchange(Client: new (config: never) => { send(command: never): Promise<unknown> }, command: object, respond: (request: Request) => Promise<Reply>) {
  const client = new Client({
    region: 'us-east-1', maxAttempts: 1, endpoint: 'http://127.0.0.1:1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    requestHandler: {
      async handle(sent: Sent) {
        const reply = await respond({
          method: sent.method, path: sent.path, query: new URLSearchParams(sent.query), headers: sent.headers,
          body: Buffer.from(bytesOf(sent.body ?? '')),
        });
        return { response: { statusCode: reply.status, headers: reply.headers, body: Buffer.from(reply.body) } };
      },
    },
  } as never);
  return client.send(command as never);
}

/** What the handler's side read of the input. */
async function roundTrip(format: WireFormat, of: Service, Client: never, command: { input: object }, output: object): Promise<{ read: unknown; answer: Record<string, unknown> }> {
  let read: unknown;
  const answer = await exchange(Client, command, async (request) => {
    const schema = operationsOf(of).get(format.operationName(request, of) ?? '')!;
    read = await format.decode(schema, request);
    return format.encode(schema, output, 'req-1', of);
  });
  const { $metadata: _metadata, ...rest } = answer as Record<string, unknown>;
  return { read, answer: rest };
}

async function failure(format: WireFormat, of: Service, Client: never, command: object, error: AwsError) {
  return exchange(Client, command, async () => format.encodeError(error, 'req-1', of)).then(() => assert.fail('no error'), (thrown: Error) => thrown);
}

describe('ec2Query', () => {
  const of = service('ec2', ec2, 'http://ec2.amazonaws.com/doc/2016-11-15');
  it('reads nested lists, flags, blobs and dates, and is read', async () => {
    const input = {
      ImageId: 'ami-1', MinCount: 1, MaxCount: 2, DryRun: false, SecurityGroupIds: ['sg-1', 'sg-2'],
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8, Encrypted: true } }],
      TagSpecifications: [{ ResourceType: 'instance' as const, Tags: [{ Key: 'a', Value: '<&>' }, { Key: 'b', Value: '' }] }],
      IamInstanceProfile: { Name: 'p' }, ClientToken: 'token',
    };
    const output = { ReservationId: 'r-1', Instances: [{ InstanceId: 'i-1', LaunchTime: new Date('2026-01-01T00:00:00Z'), State: { Code: 0, Name: 'pending' }, Tags: [{ Key: 'k', Value: '<v>' }] }] };
    const { read, answer } = await roundTrip(ec2Query, of, ec2.EC2Client as never, new ec2.RunInstancesCommand(input), output);
    assert.deepEqual(read, input);
    assert.deepEqual(answer, output);
  });
  it('answers <return>true</return> where there is no output', async () => {
    const { answer } = await roundTrip(ec2Query, of, ec2.EC2Client as never, new ec2.CreateTagsCommand({ Resources: ['i-1'], Tags: [{ Key: 'a', Value: 'b' }] }), {});
    assert.deepEqual(answer, {});
  });
  it('gives errors their code and words', async () => {
    const error = await failure(ec2Query, of, ec2.EC2Client as never, new ec2.DescribeVpcsCommand({}), new AwsError('InvalidVpcID.NotFound', 400, "The vpc ID 'vpc-1' does not exist"));
    assert.equal(error.name, 'InvalidVpcID.NotFound');
    assert.equal(error.message, "The vpc ID 'vpc-1' does not exist");
  });
});

describe('awsQuery', () => {
  const of = service('autoscaling', autoscaling, 'http://autoscaling.amazonaws.com/doc/2011-01-01/');
  it('reads member lists and is read', async () => {
    const input = { AutoScalingGroupName: 'g', MinSize: 0, MaxSize: 3, AvailabilityZones: ['a', 'b'], NewInstancesProtectedFromScaleIn: true, Tags: [{ Key: 'k', Value: 'v', PropagateAtLaunch: true }] };
    assert.deepEqual((await roundTrip(awsQuery, of, autoscaling.AutoScalingClient as never, new autoscaling.CreateAutoScalingGroupCommand(input), {})).read, input);
    const output = { Activities: [{ ActivityId: '1', AutoScalingGroupName: 'g', Cause: 'At …', StartTime: new Date('2026-01-01T00:00:00Z'), StatusCode: 'Successful' as const }] };
    const { answer } = await roundTrip(awsQuery, of, autoscaling.AutoScalingClient as never, new autoscaling.DescribeScalingActivitiesCommand({}), output);
    assert.deepEqual(answer, output);
  });
  it('gives errors their code and words', async () => {
    const error = await failure(awsQuery, of, autoscaling.AutoScalingClient as never, new autoscaling.DescribeAutoScalingGroupsCommand({}), new AwsError('AlreadyExists', 400, 'taken'));
    assert.equal(error.message, 'taken');
    assert.ok(error instanceof autoscaling.AlreadyExistsFault);
  });
});

describe('awsJson1_1', () => {
  const of = service('ecs', ecs);
  it('reads and is read', async () => {
    const input = { cluster: 'c', taskDefinition: 'web', count: 2, overrides: { containerOverrides: [{ name: 'x', command: ['a'], environment: [{ name: 'A', value: '1' }] }] } };
    const output = { tasks: [{ taskArn: 'arn', createdAt: new Date('2026-01-01T00:00:00.500Z'), containers: [{ exitCode: 3 }] }], failures: [] };
    const { read, answer } = await roundTrip(awsJson, of, ecs.ECSClient as never, new ecs.RunTaskCommand(input), output);
    const { clientToken, ...rest } = read as Record<string, unknown>;
    assert.ok(clientToken);
    assert.deepEqual(rest, input);
    assert.deepEqual(answer, output);
  });
  it('gives errors their class', async () => {
    const error = await failure(awsJson, of, ecs.ECSClient as never, new ecs.ListClustersCommand({}), new AwsError('ClusterNotFoundException', 400, 'Cluster not found.'));
    assert.ok(error instanceof ecs.ClusterNotFoundException);
    assert.equal(error.message, 'Cluster not found.');
  });
});

describe('restJson1', () => {
  const of = service('eks', eks);
  it('reads path, query and body, and is read', async () => {
    const body = { clusterName: 'shop', nodegroupName: 'workers', subnets: ['s'], nodeRole: 'r', labels: { a: 'b' }, clientRequestToken: 't' };
    const output = { nodegroup: { nodegroupName: 'workers', createdAt: new Date('2026-01-01T00:00:00Z'), status: 'CREATING' as const } };
    const { read, answer } = await roundTrip(restJson, of, eks.EKSClient as never, new eks.CreateNodegroupCommand(body), output);
    assert.deepEqual(read, body);
    assert.deepEqual(answer, output);
    const listed = await roundTrip(restJson, of, eks.EKSClient as never, new eks.ListClustersCommand({ maxResults: 5, include: ['all'] }), { clusters: [] });
    assert.deepEqual(listed.read, { maxResults: 5, nextToken: undefined, include: ['all'] });
  });
  it('gives errors their class', async () => {
    const error = await failure(restJson, of, eks.EKSClient as never, new eks.DescribeClusterCommand({ name: 'x' }), new AwsError('ResourceNotFoundException', 404, 'No cluster found for name: x.'));
    assert.ok(error instanceof eks.ResourceNotFoundException);
  });
  it('matches labels', () => {
    assert.deepEqual(matchPath('/clusters/{name}/x/{id}', '/clusters/a%20b/x/1'), { name: 'a b', id: '1' });
    assert.deepEqual(matchPath('/tags/{arn+}', '/tags/arn:aws:x/y'), { arn: 'arn:aws:x/y' });
    assert.equal(matchPath('/clusters/{name}', '/clusters/a/b'), undefined);
  });
});

describe('validation', () => {
  it('names the missing and the mistyped member by its path', () => {
    const run = operationsOf(service('ecs', ecs)).get('RunTask')!.input;
    const missing = (input: object) => faultsOf(run, input, { shapes: {}, members: {} }).map(({ path }) => path);
    assert.deepEqual(missing({}), ['taskDefinition']);
    assert.deepEqual(missing({ taskDefinition: 'x' }), []);
    assert.deepEqual(missing({ taskDefinition: 'x', networkConfiguration: { awsvpcConfiguration: {} } }), ['networkConfiguration.awsvpcConfiguration.subnets']);
    assert.equal(mistypedMember(run, { taskDefinition: 'x', count: 'two' }), 'count is not a number of its type');
    assert.equal(mistypedMember(run, { taskDefinition: 'x', tags: {} }), 'tags is not a list');
  });
});
