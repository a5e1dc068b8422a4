import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { run } from '../src/engines/command.ts';
import { ecsImage } from './fixtures/fleet.ts';
import { installationOf } from './fixtures/gantry.ts';
import { balancer, defaultNetwork, openGroup, type Network } from './fixtures/network.ts';
import { refused } from './fixtures/refused.ts';
import { clients, shared, unique } from './fixtures/shared.ts';

const { autoscaling, ec2, ecr, ecs, elb, iam, logs, ssm, sts } = clients;
const { account, region } = installationOf(shared.name);

/** A call, and how AWS refuses it: code (as its SDK names the error), HTTP status, words. */
type Row = [call: () => Promise<unknown>, code: string, status: number, words: string | RegExp];

/** What cannot be is refused in AWS's own words, and leaves nothing behind. */
describe('bad input', { timeout: 3_600_000 }, () => {
  const name = unique('bad');
  let network: Network;
  let group = '';
  let one: Awaited<ReturnType<typeof balancer>>;

  before(async () => {
    network = await defaultNetwork(clients);
    group = await openGroup(clients, network.vpcId, name, [80]);
    one = await balancer(clients, name, network.subnets.map(({ id }) => id), group);
    await ecs.createCluster({ clusterName: name });
    await ecr.createRepository({ repositoryName: name });
    await logs.createLogGroup({ logGroupName: name });
    await ssm.putParameter({ Name: name, Value: 'x', Type: 'String' });
  });

  after(async () => {
    await elb.deleteLoadBalancer({ LoadBalancerArn: one.arn });
    await ecs.deleteCluster({ cluster: name });
    await ecr.deleteRepository({ repositoryName: name });
    await logs.deleteLogGroup({ logGroupName: name });
    await ssm.deleteParameter({ Name: name });
  });

  const container = { name: 'c', image: 'x' };
  const tables: Record<string, Row[]> = {
    iam: [
      [() => iam.getUser({ UserName: 'nobody' }), 'NoSuchEntityException', 404, 'The user with name nobody cannot be found.'],
      [() => iam.createUser({ UserName: 'admin' }), 'EntityAlreadyExistsException', 409, 'User with name admin already exists.'],
      [() => iam.createUser({ UserName: 'a b' }), 'ValidationError', 400, 'The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-'],
      [() => iam.createRole({ RoleName: name, AssumeRolePolicyDocument: '{' }), 'MalformedPolicyDocumentException', 400, 'This policy contains invalid Json'],
      [() => iam.attachUserPolicy({ UserName: 'admin', PolicyArn: `arn:aws:iam::${account}:policy/none` }), 'NoSuchEntityException', 404, `Policy arn:aws:iam::${account}:policy/none does not exist or is not attachable.`],
    ],
    sts: [
      [() => sts.assumeRole({ RoleArn: `arn:aws:iam::${account}:role/none`, RoleSessionName: 'test' }), 'AccessDenied', 403, `User: arn:aws:iam::${account}:user/admin is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${account}:role/none`],
    ],
    ec2: [
      [() => ec2.describeInstances({ InstanceIds: ['i-0123456789abcdef0'] }), 'InvalidInstanceID.NotFound', 400, "The instance ID 'i-0123456789abcdef0' does not exist"],
      [() => ec2.describeInstances({ InstanceIds: ['nonsense'] }), 'InvalidInstanceID.Malformed', 400, 'Invalid id: "nonsense" (expecting "i-...")'],
      [() => ec2.runInstances({ MinCount: 1, MaxCount: 1, ImageId: 'ami-0123456789abcdef0' }), 'InvalidAMIID.NotFound', 400, "The image id '[ami-0123456789abcdef0]' does not exist"],
      [() => ec2.runInstances({ MinCount: 1, MaxCount: 1 }), 'MissingParameter', 400, 'The request must contain the parameter ImageId'],
      [async () => ec2.runInstances({ MinCount: 1, MaxCount: 1, ImageId: await ecsImage(clients), InstanceType: 'm99.huge' as 't3.micro' }), 'InvalidParameterValue', 400, /^Invalid value 'm99\.huge' for InstanceType/],
      [async () => ec2.runInstances({ MinCount: 1, MaxCount: 1, ImageId: await ecsImage(clients), DryRun: true }), 'DryRunOperation', 412, 'Request would have succeeded, but DryRun flag is set.'],
      [() => ec2.createVpc({ CidrBlock: '10.0.0.0/8' }), 'InvalidVpc.Range', 400, "The CIDR '10.0.0.0/8' is invalid."],
      [() => ec2.createSubnet({ VpcId: network.vpcId, CidrBlock: '172.31.0.0/24' }), 'InvalidSubnet.Conflict', 400, "The CIDR '172.31.0.0/24' conflicts with another subnet"],
      [() => ec2.createSecurityGroup({ GroupName: name, Description: 'x', VpcId: network.vpcId }), 'InvalidGroup.Duplicate', 400, new RegExp(`^The security group '${name}' already exists for VPC 'vpc-`)],
      [() => ec2.authorizeSecurityGroupIngress({ GroupId: group, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] }), 'InvalidPermission.Duplicate', 400, 'the specified rule "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW" already exists'],
      [() => ec2.deleteSecurityGroup({ GroupId: group }), 'DependencyViolation', 400, /^resource sg-[0-9a-f]+ has a dependent object$/],
    ],
    autoscaling: [
      [() => autoscaling.setDesiredCapacity({ AutoScalingGroupName: 'none', DesiredCapacity: 1 }), 'ValidationError', 400, "AutoScalingGroup name not found - AutoScalingGroup 'none' not found"],
      [() => autoscaling.createAutoScalingGroup({ AutoScalingGroupName: name, MinSize: 1, MaxSize: 1, LaunchTemplate: { LaunchTemplateName: 'none' }, VPCZoneIdentifier: network.subnets[0]?.id }), 'ValidationError', 400, /You must use a valid fully-formed launch template\. The specified launch template, with template name none, does not exist\./],
      [() => autoscaling.createAutoScalingGroup({ AutoScalingGroupName: name, MinSize: 1, MaxSize: 1, VPCZoneIdentifier: network.subnets[0]?.id }), 'ValidationError', 400, /^Valid requests must contain either (the InstanceID parameter or both the )?/],
    ],
    elb: [
      [() => elb.describeLoadBalancers({ Names: ['none'] }), 'LoadBalancerNotFoundException', 400, 'One or more load balancers not found'],
      [() => elb.describeTargetGroups({ Names: ['none'] }), 'TargetGroupNotFoundException', 400, 'One or more target groups not found'],
      [() => elb.createLoadBalancer({ Name: `${name}-2`, Subnets: network.subnets.slice(0, 1).map(({ id }) => id) }), 'ValidationError', 400, 'At least two subnets in two different Availability Zones must be specified'],
      [() => elb.createTargetGroup({ Name: name, Protocol: 'HTTP', Port: 80 }), 'ValidationError', 400, 'A VPC ID must be specified'],
      [() => elb.createListener({ LoadBalancerArn: one.arn, Protocol: 'HTTP', Port: 80, DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } }] }), 'DuplicateListenerException', 400, /^A listener already exists on this port for this load balancer 'arn:aws:elasticloadbalancing:/],
    ],
    ecr: [
      [() => ecr.createRepository({ repositoryName: name }), 'RepositoryAlreadyExistsException', 400, `The repository with name '${name}' already exists in the registry with id '${account}'`],
      [() => ecr.listImages({ repositoryName: 'none' }), 'RepositoryNotFoundException', 400, `The repository with name 'none' does not exist in the registry with id '${account}'`],
      [() => ecr.createRepository({ repositoryName: 'UPPER' }), 'InvalidParameterException', 400, /^Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression /],
    ],
    ecs: [
      [() => ecs.listTasks({ cluster: 'none' }), 'ClusterNotFoundException', 400, 'Cluster not found.'],
      [() => ecs.runTask({ cluster: name, taskDefinition: 'none' }), 'ClientException', 400, 'TaskDefinition not found.'],
      [() => ecs.registerTaskDefinition({ family: name, containerDefinitions: [container] }), 'ClientException', 400, "Invalid setting for container 'c'. At least one of 'memory' or 'memoryReservation' must be specified."],
      [() => ecs.updateService({ cluster: name, service: 'none', desiredCount: 1 }), 'ServiceNotFoundException', 400, 'Service not found.'],
      [() => ecs.stopTask({ cluster: name, task: 'f'.repeat(32) }), 'InvalidParameterException', 400, 'The referenced task was not found.'],
      [() => ecs.createService({ cluster: name, serviceName: 'x', taskDefinition: 'none', desiredCount: 1 }), 'ClientException', 400, 'TaskDefinition not found.'],
    ],
    logs: [
      [() => logs.createLogGroup({ logGroupName: name }), 'ResourceAlreadyExistsException', 400, 'The specified log group already exists'],
      [() => logs.putLogEvents({ logGroupName: 'none', logStreamName: 'x', logEvents: [{ timestamp: Date.now(), message: 'x' }] }), 'ResourceNotFoundException', 400, 'The specified log group does not exist.'],
      [() => logs.getLogEvents({ logGroupName: name, logStreamName: 'none' }), 'ResourceNotFoundException', 400, 'The specified log stream does not exist.'],
      [() => logs.createLogGroup({ logGroupName: 'a b' }), 'InvalidParameterException', 400, "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"],
    ],
    ssm: [
      [() => ssm.getParameter({ Name: 'none' }), 'ParameterNotFound', 400, /^(Parameter none not found\.)?(UnknownError)?$/],
      [() => ssm.putParameter({ Name: name, Value: 'y', Type: 'String' }), 'ParameterAlreadyExists', 400, 'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.'],
    ],
  };

  for (const [service, rows] of Object.entries(tables)) {
    it(`is refused by ${service}`, async () => {
      const wrong = await Promise.all(rows.map(([call, ...how]) => refused(call(), ...how).then(() => [], (error: Error) => [error.message])));
      assert.deepEqual(wrong.flat(), []);
    });
  }

  it('stores nothing', async () => {
    assert.equal((await ssm.getParameter({ Name: name })).Parameter?.Value, 'x');
    assert.deepEqual((await ecs.listTaskDefinitions({ familyPrefix: name })).taskDefinitionArns, []);
    assert.deepEqual((await autoscaling.describeAutoScalingGroups({ AutoScalingGroupNames: [name] })).AutoScalingGroups, []);
    assert.deepEqual((await iam.listRoles({})).Roles?.filter(({ RoleName }) => RoleName === name), []);
  });

  it('is refused on the wire, by curl: no signature, no such operation, no JSON', async () => {
    const { AWS_ENDPOINT_URL: endpoint = '', AWS_ACCESS_KEY_ID: key = '', AWS_SECRET_ACCESS_KEY: secret = '' } = shared.env;
    const curl = async (...argv: string[]) => {
      const { stdout } = await run(['curl', '--silent', '--write-out', '\n%{http_code}', ...argv, endpoint]);
      const lines = stdout.trim().split('\n');
      return { status: Number(lines.pop()), body: lines.join('\n') };
    };
    const signed = (service: string) => ['--aws-sigv4', `aws:amz:${region}:${service}`, '--user', `${key}:${secret}`];
    const json = (target: string, body: string) => ['-H', `X-Amz-Target: AmazonEC2ContainerServiceV20141113.${target}`, '-H', 'Content-Type: application/x-amz-json-1.1', '--data', body];
    const unsigned = await curl(...json('ListClusters', '{}'));
    assert.equal(unsigned.status, 400);
    assert.match(unsigned.body, /MissingAuthenticationTokenException/);
    assert.equal((await curl(...signed('ecs'), ...json('ListClusters', '{}'))).status, 200);
    const garbled = await curl(...signed('ecs'), ...json('ListClusters', '{'));
    assert.deepEqual([garbled.status, /SerializationException/.test(garbled.body)], [400, true]);
    const unknown = await curl(...signed('ecs'), ...json('MakeCoffee', '{}'));
    assert.deepEqual([unknown.status, /UnknownOperationException/.test(unknown.body)], [400, true]);
    const query = await curl(...signed('iam'), '--data', 'Action=MakeCoffee&Version=2010-05-08');
    assert.equal(query.status, 400);
    assert.match(query.body, /<Code>InvalidAction<\/Code>\s*<Message>Could not find operation MakeCoffee for version 2010-05-08<\/Message>/);
    const later = await curl(...signed('ecs'), ...json('DescribeTaskSets', '{"cluster":"c","service":"s"}'));
    assert.match(later.body, /DescribeTaskSets/);
    assert.ok(later.status >= 400, 'what is not done is no success');
  });
});
