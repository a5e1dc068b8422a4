import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeTemplate } from './template.ts';

const counts = { MinCount: 1, MaxCount: 1 };

describe('a launch template beneath a request', () => {
  it('gives what the request leaves out', () => {
    const merged = mergeTemplate({ ImageId: 'ami-1', InstanceType: 't3.small', KeyName: 'k' }, { ...counts, InstanceType: 't3.large', KeyName: undefined, SubnetId: 'subnet-1' });
    assert.deepEqual([merged.ImageId, merged.InstanceType, merged.KeyName, merged.SubnetId], ['ami-1', 't3.large', 'k', 'subnet-1']);
  });

  it('adds its tags to the request\'s, which win', () => {
    const merged = mergeTemplate(
      { TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '1' }] }, { ResourceType: 'volume', Tags: [{ Key: 'v', Value: '1' }] }] },
      { ...counts, TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'b', Value: '2' }] }] },
    );
    assert.deepEqual(merged.TagSpecifications, [
      { ResourceType: 'instance', Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }] }, { ResourceType: 'volume', Tags: [{ Key: 'v', Value: '1' }] },
    ]);
  });

  it('puts a subnet given beside its interfaces on the primary one', () => {
    const merged = mergeTemplate({ NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: true, Groups: ['sg-1'] }] }, { ...counts, SubnetId: 'subnet-1' });
    assert.deepEqual(merged.NetworkInterfaces, [{ DeviceIndex: 0, AssociatePublicIpAddress: true, Groups: ['sg-1'], SubnetId: 'subnet-1' }]);
    assert.equal(merged.SubnetId, undefined);
  });
});
