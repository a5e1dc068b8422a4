import { notFound } from '../errors.ts';
import type { Ec2Operations } from '../table.ts';

/**
 * Kinds of resource of which there is none, for nothing here makes one. Tools that look around ask for them (CDK's Vpc.fromLookup for VPN
 * gateways, Terraform's data sources), and an empty list is the truth. A kind leaves this table once it can be made.
 */
export const absentOperations = {
  DescribeCapacityReservations: ({ CapacityReservationIds: ids }) => nothing(ids, 'InvalidCapacityReservationId.NotFound', 'Capacity Reservation', { CapacityReservations: [] }),
  DescribeCarrierGateways: ({ CarrierGatewayIds: ids }) => nothing(ids, 'InvalidCarrierGatewayID.NotFound', 'carrierGateway ID', { CarrierGateways: [] }),
  DescribeCustomerGateways: ({ CustomerGatewayIds: ids }) => nothing(ids, 'InvalidCustomerGatewayID.NotFound', 'customerGateway ID', { CustomerGateways: [] }),
  DescribeEgressOnlyInternetGateways: ({ EgressOnlyInternetGatewayIds: ids }) => nothing(ids, 'InvalidGatewayID.NotFound', 'eigw ID', { EgressOnlyInternetGateways: [] }),
  DescribeFlowLogs: ({ FlowLogIds: ids }) => nothing(ids, 'InvalidFlowLogId.NotFound', 'flow log ID', { FlowLogs: [] }),
  DescribeHosts: ({ HostIds: ids }) => nothing(ids, 'InvalidHostID.NotFound', 'host ID', { Hosts: [] }),
  DescribeInstanceConnectEndpoints: ({ InstanceConnectEndpointIds: ids }) => nothing(ids, 'InvalidInstanceConnectEndpointId.NotFound', 'instance connect endpoint ID', { InstanceConnectEndpoints: [] }),
  DescribePlacementGroups: ({ GroupNames: ids }) => nothing(ids, 'InvalidPlacementGroup.Unknown', 'placement group', { PlacementGroups: [] }),
  DescribeManagedPrefixLists: ({ PrefixListIds: ids }) => nothing(ids, 'InvalidPrefixListID.NotFound', 'prefix list ID', { PrefixLists: [] }),
  DescribePrefixLists: ({ PrefixListIds: ids }) => nothing(ids, 'InvalidPrefixListID.NotFound', 'prefix list ID', { PrefixLists: [] }),
  DescribeReservedInstances: ({ ReservedInstancesIds: ids }) => nothing(ids, 'InvalidReservedInstancesID', 'reserved instances ID', { ReservedInstances: [] }),
  DescribeSpotInstanceRequests: ({ SpotInstanceRequestIds: ids }) => nothing(ids, 'InvalidSpotInstanceRequestID.NotFound', 'spot instance request ID', { SpotInstanceRequests: [] }),
  DescribeTransitGatewayAttachments: ({ TransitGatewayAttachmentIds: ids }) => nothing(ids, 'InvalidTransitGatewayAttachmentID.NotFound', 'transit gateway attachment', { TransitGatewayAttachments: [] }),
  DescribeTransitGatewayVpcAttachments: ({ TransitGatewayAttachmentIds: ids }) => nothing(ids, 'InvalidTransitGatewayAttachmentID.NotFound', 'transit gateway attachment', { TransitGatewayVpcAttachments: [] }),
  DescribeTransitGateways: ({ TransitGatewayIds: ids }) => nothing(ids, 'InvalidTransitGatewayID.NotFound', 'transit gateway', { TransitGateways: [] }),
  DescribeVpcEndpointServices: ({ ServiceNames: names }) => nothing(names, 'InvalidServiceName', 'Vpc Endpoint Service', { ServiceNames: [], ServiceDetails: [] }),
  DescribeVpcEndpoints: ({ VpcEndpointIds: ids }) => nothing(ids, 'InvalidVpcEndpointId.NotFound', 'Vpc Endpoint Id', { VpcEndpoints: [] }),
  DescribeVpcPeeringConnections: ({ VpcPeeringConnectionIds: ids }) => nothing(ids, 'InvalidVpcPeeringConnectionID.NotFound', 'vpcPeeringConnection ID', { VpcPeeringConnections: [] }),
  DescribeVpnConnections: ({ VpnConnectionIds: ids }) => nothing(ids, 'InvalidVpnConnectionID.NotFound', 'vpnConnection ID', { VpnConnections: [] }),
  DescribeVpnGateways: ({ VpnGatewayIds: ids }) => nothing(ids, 'InvalidVpnGatewayID.NotFound', 'vpnGateway ID', { VpnGateways: [] }),
} satisfies Ec2Operations;

function nothing<Answer>(ids: string[] | undefined, code: string, noun: string, answer: Answer): Answer {
  if (ids?.length) throw notFound(code, `The ${noun} '${ids[0]}' does not exist`);
  return answer;
}
