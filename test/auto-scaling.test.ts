import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ecsImage } from './fixtures/fleet.ts';
import { defaultNetwork } from './fixtures/network.ts';
import { kill, processesIn } from './fixtures/processes.ts';
import { clients, shared, unique } from './fixtures/shared.ts';
import { holds, until } from './fixtures/until.ts';

const { autoscaling, ec2 } = clients;

/** A group keeps as many instances as it is told to, over its zones, and says why it did what it did. */
describe('an Auto Scaling group', { timeout: 3_600_000 }, () => {
  const AutoScalingGroupName = unique('fleet');

  before(async () => {
    const { subnets } = await defaultNetwork(clients);
    const { LaunchTemplate } = await ec2.createLaunchTemplate({ LaunchTemplateName: AutoScalingGroupName, LaunchTemplateData: { ImageId: await ecsImage(clients), InstanceType: 't3.nano' } });
    await autoscaling.createAutoScalingGroup({
      AutoScalingGroupName, MinSize: 1, MaxSize: 3, DesiredCapacity: 2,
      LaunchTemplate: { LaunchTemplateId: LaunchTemplate?.LaunchTemplateId, Version: '$Latest' },
      VPCZoneIdentifier: subnets.map(({ id }) => id).join(','),
    });
  });

  after(async () => {
    await autoscaling.deleteAutoScalingGroup({ AutoScalingGroupName, ForceDelete: true }).catch(() => {});
    await until('its instances are gone', 60, async () => holds(await alive(), (ids) => ids.length === 0));
  });

  async function alive(): Promise<string[]> {
    const { Reservations = [] } = await ec2.describeInstances({ Filters: [{ Name: 'tag:aws:autoscaling:groupName', Values: [AutoScalingGroupName] }, { Name: 'instance-state-name', Values: ['pending', 'running', 'shutting-down', 'stopping', 'stopped'] }] });
    return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId = '' }) => InstanceId));
  }

  /** Its instances in service, once they are so many and none of those. */
  const inService = (count: number, without: string[] = []) => until(`${count} are in service`, 90, async () => {
    const { AutoScalingGroups = [] } = await autoscaling.describeAutoScalingGroups({ AutoScalingGroupNames: [AutoScalingGroupName] });
    const found = (AutoScalingGroups[0]?.Instances ?? []).filter(({ LifecycleState }) => LifecycleState === 'InService');
    return holds(found, (all) => all.length === count && AutoScalingGroups[0]?.Instances?.length === count && !all.some(({ InstanceId = '' }) => without.includes(InstanceId)));
  });

  const causes = async () => (await autoscaling.describeScalingActivities({ AutoScalingGroupName })).Activities ?? [];
  const at = 'At \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ ';

  it('has its instances, each in another zone', async () => {
    const instances = await inService(2);
    assert.equal(new Set(instances.map(({ AvailabilityZone }) => AvailabilityZone)).size, 2);
    assert.ok(instances.every(({ HealthStatus }) => HealthStatus === 'Healthy'));
    assert.match((await causes())[0]?.Cause ?? '', new RegExp(`^${at}a user request created an AutoScalingGroup changing the desired capacity from 0 to 2\\.  ${at}an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 2\\.$`));
  });

  for (const [how, end] of Object.entries({
    'was terminated behind its back': async (id: string) => void (await ec2.terminateInstances({ InstanceIds: [id] })),
    crashed: async (id: string) => processesIn(shared.name, id, 'runit').slice(0, 1).forEach(kill),
  } satisfies Record<string, (id: string) => Promise<void>>)) {
    it(`replaces an instance that ${how}, and says so`, async () => {
      const before = await inService(2);
      const { InstanceId: victim = '', AvailabilityZone: zone } = before[0] ?? {};
      await end(victim);
      const now = await inService(2, [victim]);
      assert.equal(new Set(now.map(({ AvailabilityZone }) => AvailabilityZone)).size, 2);
      assert.ok(zone);
      const ended = await until('the activity is told', 30, async () => (await causes()).find(({ Description }) => Description === `Terminating EC2 instance: ${victim}`));
      assert.match(ended.Cause ?? '', new RegExp(`^${at}an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped\\.$`));
      const [launched] = (await causes()).filter(({ Description }) => Description?.startsWith('Launching'));
      assert.match(launched?.Cause ?? '', new RegExp(`^${at}an instance was launched in response to an unhealthy instance needing to be replaced\\.$`));
    });
  }

  it('grows and shrinks as it is told, and says on whose word', async () => {
    await autoscaling.setDesiredCapacity({ AutoScalingGroupName, DesiredCapacity: 3 });
    assert.equal(new Set((await inService(3)).map(({ AvailabilityZone }) => AvailabilityZone)).size, 3);
    assert.match((await causes())[0]?.Cause ?? '', /a user request explicitly set group desired capacity changing the desired capacity from 2 to 3\./);
    await autoscaling.updateAutoScalingGroup({ AutoScalingGroupName, MaxSize: 1, MinSize: 1, DesiredCapacity: 1 });
    await inService(1);
    assert.match((await causes()).map(({ Cause }) => Cause).join('\n'), /a user request update of AutoScalingGroup constraints to min: 1, max: 1, desired: 1 changing the desired capacity from 3 to 1\..*shrinking the capacity from 3 to (1|2)\./);
    await until('two have gone', 60, async () => holds(await alive(), (ids) => ids.length === 1));
  });

  it('takes its instances with it', async () => {
    await autoscaling.deleteAutoScalingGroup({ AutoScalingGroupName, ForceDelete: true });
    await until('all have gone', 60, async () => holds(await alive(), (ids) => ids.length === 0));
    await until('the group too', 60, async () => holds((await autoscaling.describeAutoScalingGroups({ AutoScalingGroupNames: [AutoScalingGroupName] })).AutoScalingGroups, (groups) => groups?.length === 0));
  });
});
