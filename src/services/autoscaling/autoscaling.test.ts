import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  AutoScalingClient, CreateAutoScalingGroupCommand, CreateOrUpdateTagsCommand, DeleteAutoScalingGroupCommand, DescribeAutoScalingGroupsCommand, DescribeAutoScalingInstancesCommand, DescribeScalingActivitiesCommand,
  DetachInstancesCommand, EnterStandbyCommand, ExitStandbyCommand, PutScalingPolicyCommand, SetDesiredCapacityCommand, SetInstanceHealthCommand, TerminateInstanceInAutoScalingGroupCommand, UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateCommand, DescribeInstancesCommand, DescribeSubnetsCommand, EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { eventually, startFakeHost, startInstallation } from '../../../test/installation.ts';
import { imageId } from '../../wire/images.ts';

describe('Auto Scaling by the SDK, with a host that obeys', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  let ec2: EC2Client;
  let autoscaling: AutoScalingClient;
  let zones: string;
  before(async () => {
    installation = await startInstallation();
    host = await startFakeHost(installation.port, { memoryMiB: 12 * 1024, zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'] });
    ec2 = new EC2Client(installation.client);
    autoscaling = new AutoScalingClient(installation.client);
    await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'node', LaunchTemplateData: { ImageId: imageId('ecs-optimized'), InstanceType: 't3.small' } }));
    zones = ((await ec2.send(new DescribeSubnetsCommand({}))).Subnets ?? []).map(({ SubnetId }) => SubnetId).join(',');
  });
  after(async () => {
    autoscaling.destroy();
    ec2.destroy();
    await host.close();
    await installation.close();
  });

  const name = { AutoScalingGroupName: 'fleet' };
  const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error) => [error.name, error.message]);
  const group = async () => (await autoscaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ['fleet'] }))).AutoScalingGroups?.[0];
  const inService = async () => ((await group())?.Instances ?? []).filter(({ LifecycleState }) => LifecycleState === 'InService');
  const serving = (count: number) => eventually(async () => [await inService(), (await group())?.Instances?.length ?? 0] as const, ([serves, all]) => serves.length === count && all === count).then(([serves]) => serves);
  const activities = async () => (await autoscaling.send(new DescribeScalingActivitiesCommand(name))).Activities ?? [];

  it('starts a fleet over the zones', async () => {
    await autoscaling.send(new CreateAutoScalingGroupCommand({
      ...name, MinSize: 3, MaxSize: 6, DesiredCapacity: 3, VPCZoneIdentifier: zones, LaunchTemplate: { LaunchTemplateName: 'node', Version: '$Latest' }, Tags: [{ Key: 'team', Value: 'shop', PropagateAtLaunch: true }],
    }));
    const members = await serving(3);
    assert.equal(new Set(members.map(({ AvailabilityZone }) => AvailabilityZone)).size, 3);
    assert.deepEqual(members.map(({ LaunchTemplate }) => LaunchTemplate?.Version), ['1', '1', '1']);
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'tag:aws:autoscaling:groupName', Values: ['fleet'] }, { Name: 'tag:team', Values: ['shop'] }] }));
    assert.equal(Reservations?.length, 3);
    const told = await activities();
    assert.deepEqual(told.map(({ StatusCode, Progress }) => [StatusCode, Progress]), [['Successful', 100], ['Successful', 100], ['Successful', 100]]);
    assert.match(told[0]?.Cause ?? '', /^At \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ a user request created an AutoScalingGroup changing the desired capacity from 0 to 3\. {2}At .+Z an instance was started/);
    assert.match(told[0]?.Description ?? '', /^Launching a new EC2 instance: i-/);
  });

  it('replaces one that was terminated behind its back', async () => {
    const victim = (await inService())[0]?.InstanceId ?? '';
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [victim] }));
    const members = await eventually(() => inService(), (found) => found.length === 3 && !found.some(({ InstanceId }) => InstanceId === victim));
    assert.equal(new Set(members.map(({ AvailabilityZone }) => AvailabilityZone)).size, 3);
    const told = await eventually(() => activities(), ([first, second]) => first?.StatusCode === 'Successful' && second?.StatusCode === 'Successful');
    assert.match(told[0]?.Cause ?? '', /launched in response to an unhealthy instance needing to be replaced/);
    assert.match(told[1]?.Cause ?? '', /taken out of service in response to an EC2 health check indicating it has been terminated or stopped\.$/);
    assert.equal(told[1]?.Description, `Terminating EC2 instance: ${victim}`);
  });

  it('grows, shrinks and replaces by a user\'s word', async () => {
    await autoscaling.send(new SetDesiredCapacityCommand({ ...name, DesiredCapacity: 4 }));
    const [first] = await serving(4);
    assert.match((await activities())[0]?.Cause ?? '', /explicitly set group desired capacity changing the desired capacity from 3 to 4\./);
    assert.deepEqual(await refusal(autoscaling.send(new SetDesiredCapacityCommand({ ...name, DesiredCapacity: 7 }))), ['ValidationError', 'New SetDesiredCapacity value 7 is above max value 6 for the AutoScalingGroup.']);
    const { Activity } = await autoscaling.send(new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: first?.InstanceId, ShouldDecrementDesiredCapacity: true }));
    assert.match(Activity?.Cause ?? '', /was taken out of service in response to a user request, shrinking the capacity from 4 to 3\.$/);
    const [second] = await serving(3);
    await autoscaling.send(new SetInstanceHealthCommand({ InstanceId: second?.InstanceId, HealthStatus: 'Unhealthy' }));
    await eventually(() => inService(), (found) => found.length === 3 && !found.some(({ InstanceId }) => InstanceId === second?.InstanceId));
    await autoscaling.send(new UpdateAutoScalingGroupCommand({ ...name, MinSize: 1, DesiredCapacity: 2 }));
    await serving(2);
  });

  it('moves to standby and back, and lets go', async () => {
    const [one] = await inService();
    const InstanceIds = [one?.InstanceId ?? ''];
    await autoscaling.send(new EnterStandbyCommand({ ...name, InstanceIds, ShouldDecrementDesiredCapacity: true }));
    assert.equal((await group())?.DesiredCapacity, 1);
    await autoscaling.send(new ExitStandbyCommand({ ...name, InstanceIds }));
    await serving(2);
    await autoscaling.send(new DetachInstancesCommand({ ...name, InstanceIds, ShouldDecrementDesiredCapacity: true }));
    await serving(1);
    const { AutoScalingInstances } = await autoscaling.send(new DescribeAutoScalingInstancesCommand({ InstanceIds }));
    assert.deepEqual(AutoScalingInstances, []);
  });

  it('says why a launch failed, and goes on trying', async () => {
    await autoscaling.send(new SetDesiredCapacityCommand({ ...name, DesiredCapacity: 6 }));
    const failed = await eventually(async () => (await activities()).find(({ StatusCode }) => StatusCode === 'Failed'));
    assert.match(failed?.StatusMessage ?? '', /^We currently do not have sufficient t3\.small capacity .+ Launching EC2 instance failed\.$/);
    await eventually(() => inService(), (found) => found.length === 5);
    await autoscaling.send(new SetDesiredCapacityCommand({ ...name, DesiredCapacity: 1 }));
    await serving(1);
  });

  it('refuses in the words of Auto Scaling', async () => {
    assert.deepEqual(await refusal(autoscaling.send(new CreateAutoScalingGroupCommand({ ...name, MinSize: 0, MaxSize: 1, VPCZoneIdentifier: zones, LaunchTemplate: { LaunchTemplateName: 'node' } }))), ['AlreadyExistsFault', 'AutoScalingGroup by this name already exists - A group with the name fleet already exists']);
    assert.equal((await refusal(autoscaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: 'none', DesiredCapacity: 1 }))))[1], "AutoScalingGroup name not found - AutoScalingGroup 'none' not found");
    const bad = { AutoScalingGroupName: 'bad', VPCZoneIdentifier: zones, LaunchTemplate: { LaunchTemplateName: 'node' } };
    assert.equal((await refusal(autoscaling.send(new CreateAutoScalingGroupCommand({ ...bad, MinSize: 0, MaxSize: 1, DesiredCapacity: 2 }))))[1], 'Desired capacity:2 must be between the specified min size:0 and max size:1');
    assert.match((await refusal(autoscaling.send(new CreateAutoScalingGroupCommand({ ...bad, MinSize: 0, MaxSize: 1, LaunchTemplate: { LaunchTemplateName: 'absent' } }))))[1] ?? '', /^You must use a valid fully-formed launch template\./);
    assert.match((await refusal(autoscaling.send(new CreateAutoScalingGroupCommand({ AutoScalingGroupName: 'bad', MaxSize: 1, MinSize: 0, VPCZoneIdentifier: zones }))))[1] ?? '', /^Valid requests must contain either LaunchTemplate/);
    assert.equal((await refusal(autoscaling.send(new PutScalingPolicyCommand({ ...name, PolicyName: 'p' }))))[0], 'NotImplemented');
    await autoscaling.send(new CreateOrUpdateTagsCommand({ Tags: [{ ResourceId: 'fleet', ResourceType: 'auto-scaling-group', Key: 'a', Value: 'b', PropagateAtLaunch: false }] }));
    assert.deepEqual((await group())?.Tags?.map(({ Key }) => Key), ['team', 'a']);
  });

  it('goes when it is deleted, its instances with it', async () => {
    assert.equal((await refusal(autoscaling.send(new DeleteAutoScalingGroupCommand(name))))[0], 'ResourceInUseFault');
    await autoscaling.send(new DeleteAutoScalingGroupCommand({ ...name, ForceDelete: true }));
    await eventually(() => group(), (found) => found === undefined);
  });
});
