import type { Env, Scope } from '../../../control/service.ts';
import type { AcsNetworkInterface } from '../../../wire/acs.ts';
import { subnetById } from '../../ec2/index.ts';
import { attachmentArn } from '../arns.ts';
import type { Task } from '../records.ts';

/** The VPC's DNS server, at the address that is the same in each. */
const DNS = '169.254.169.253';

/** A task's interface as its agent needs it; `undefined` while there is none. */
export async function networkInterfaceOf(env: Env, scope: Scope, { attachment }: Task): Promise<AcsNetworkInterface | undefined> {
  const { interface: eni, id } = attachment ?? {};
  const subnet = eni && (await subnetById(env, scope, eni.subnetId));
  if (!eni || !id || !subnet) return undefined;
  return {
    attachmentArn: attachmentArn(scope, id), ec2Id: eni.id, macAddress: eni.mac, index: 1, interfaceAssociationProtocol: 'default',
    ipv4Addresses: [{ privateAddress: eni.address, primary: true }], subnetGatewayIpv4Address: gatewayOf(subnet.cidrBlock), domainNameServers: [DNS],
    domainName: [eni.privateDnsName.replace(/^[^.]*\./, '')], privateDnsName: eni.privateDnsName,
  };
}

/** The first address of the subnet, with its prefix. */
export function gatewayOf(cidrBlock: string): string {
  const [address = '', prefix = ''] = cidrBlock.split('/');
  const parts = address.split('.').map(Number);
  return `${[...parts.slice(0, 3), (parts[3] ?? 0) + 1].join('.')}/${prefix}`;
}
