import type { Env, Scope } from '../../control/service.ts';
import { instanceById, subnetsOf } from '../ec2/index.ts';
import type { Target, TargetGroup } from './records.ts';

/** Where a target is. `state` is an instance's, `running` for an address; undefined if the instance is gone. */
export interface Place {
  address: string;
  /** `all` for an address outside of the VPC. */
  zone: string;
  state: string;
}

export async function placeOf(env: Env, scope: Scope, group: TargetGroup, target: Pick<Target, 'id' | 'zone'>): Promise<Place | undefined> {
  if (group.targetType === 'ip') return { address: target.id, zone: target.zone ?? (await zoneOf(env, scope, group.vpcId, target.id)) ?? 'all', state: 'running' };
  const instance = await instanceById(env, scope, target.id);
  return instance && { address: instance.privateAddress, zone: instance.zone, state: instance.state };
}

/** The zone of the subnet that an address belongs to. */
export async function zoneOf(env: Env, scope: Scope, vpcId: string, address: string): Promise<string | undefined> {
  return (await subnetsOf(env, scope, vpcId)).find((subnet) => inCidr(address, subnet.cidrBlock))?.zone;
}

export function addressNumber(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function inCidr(address: string, cidr: string): boolean {
  const [base = '', prefix = ''] = cidr.split('/');
  const [a, b] = [addressNumber(address), addressNumber(base)];
  if (a === undefined || b === undefined || !/^\d{1,2}$/.test(prefix) || Number(prefix) > 32) return false;
  const size = 2 ** (32 - Number(prefix));
  return Math.floor(a / size) === Math.floor(b / size);
}
