import type * as Sdk from '@aws-sdk/client-ec2';
import type { RequestContext, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { createOnce } from '../client-token.ts';
import { alreadyAssociated, dependencyViolation, invalidParameterValue, missingParameter, notFound, routeAlreadyExists, routeNotFound, unsupported } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { vpcById } from '../lookups.ts';
import { formatCidr, parseCidr } from '../network/cidr.ts';
import { page } from '../paging.ts';
import { routeTables } from '../records.ts';
import type { InternetGateway, NatGateway, RouteTable, RouteTarget, Vpc } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';

const isMain = (table: RouteTable) => table.associations.some(({ subnetId }) => subnetId === undefined);

const association = (table: RouteTable, { id, subnetId }: RouteTable['associations'][number]): Sdk.RouteTableAssociation => ({
  RouteTableAssociationId: id, RouteTableId: table.id, Main: subnetId === undefined, SubnetId: subnetId, AssociationState: { State: 'associated' },
});

function shape(table: RouteTable, vpc: Vpc | undefined, there: Targets, { account }: Scope): Sdk.RouteTable {
  const local = (vpc?.cidrBlocks ?? []).map(({ cidrBlock }): Sdk.Route => ({ DestinationCidrBlock: cidrBlock, GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' }));
  const routes = table.routes.map(({ destination, target, origin }): Sdk.Route => ({
    DestinationCidrBlock: destination, Origin: origin,
    // A route to what is there no more swallows its packets.
    State: leadsOn(table, target, there) ? 'active' : 'blackhole',
    ...('gatewayId' in target ? { GatewayId: target.gatewayId } : 'natGatewayId' in target ? { NatGatewayId: target.natGatewayId } : { NetworkInterfaceId: target.networkInterfaceId }),
  }));
  return {
    RouteTableId: table.id, VpcId: table.vpcId, OwnerId: account, PropagatingVgws: [], Tags: toTags(table.tags),
    Associations: table.associations.map((one) => association(table, one)), Routes: [...local, ...routes],
  };
}

/** What routes may lead to. */
interface Targets {
  gateways: InternetGateway[];
  nats: NatGateway[];
}

const targets = async (context: RequestContext): Promise<Targets> => ({
  gateways: await select(context, context, kinds.internetGateway, undefined), nats: await select(context, context, kinds.natGateway, undefined),
});

function leadsOn(table: RouteTable, target: RouteTarget, { gateways, nats }: Targets): boolean {
  if ('gatewayId' in target) return gateways.some(({ id, vpcId }) => id === target.gatewayId && vpcId === table.vpcId);
  return !('natGatewayId' in target) || nats.some(({ id, deletedAt }) => id === target.natGatewayId && deletedAt === undefined);
}

async function targetOf(context: RequestContext, table: RouteTable, input: Sdk.CreateRouteRequest | Sdk.ReplaceRouteRequest): Promise<RouteTarget> {
  if (input.GatewayId !== undefined) {
    const gateway = await find(context, context, kinds.internetGateway, input.GatewayId);
    if (gateway.value.vpcId !== table.vpcId) throw invalidParameterValue(`route table ${table.id} and network gateway ${input.GatewayId} belong to different networks`);
    return { gatewayId: input.GatewayId };
  }
  if (input.NatGatewayId !== undefined) {
    const { value: nat } = await find(context, context, kinds.natGateway, input.NatGatewayId);
    if (nat.deletedAt !== undefined) throw notFound('NatGatewayNotFound', kinds.natGateway.words(nat.id));
    if (nat.vpcId !== table.vpcId) throw invalidParameterValue(`route table ${table.id} and NAT gateway ${nat.id} belong to different networks`);
    return { natGatewayId: nat.id };
  }
  throw unsupported('Routes to anything but an internet or a NAT gateway: not implemented by Gantry.');
}

function destinationOf(input: { DestinationCidrBlock?: string | undefined }): string {
  if (input.DestinationCidrBlock === undefined) throw missingParameter('destinationCidrBlock');
  const cidr = parseCidr(input.DestinationCidrBlock);
  if (!cidr) throw invalidParameterValue(`Value (${input.DestinationCidrBlock}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.`);
  return formatCidr(cidr);
}

/** Changes a table by compare-and-set; `change` may throw. */
async function change(context: RequestContext, id: string, step: (table: RouteTable) => RouteTable | Promise<RouteTable>): Promise<void> {
  await transact(context, async () => {
    const { key, value, revision } = await find(context, context, kinds.routeTable, id);
    return { changes: [routeTables.put(key, await step(value), revision)], result: undefined };
  });
}

async function withAssociation(context: RequestContext, id: string): Promise<Entry<RouteTable>> {
  const entry = (await routeTables.list(context.store, context)).find(({ value }) => value.associations.some((one) => one.id === id));
  if (!entry) throw notFound('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
  return entry;
}

const without = (table: RouteTable, associationId: string): RouteTable => ({ ...table, associations: table.associations.filter(({ id }) => id !== associationId) });

export const routeTableOperations = {
  CreateRouteTable: async (input, context) => {
    const { value: vpc } = await find(context, context, kinds.vpc, input.VpcId ?? '');
    const made = await createOnce(context, 'CreateRouteTable', input, async (id) => (await routeTables.get(context.store, context, id))?.value, async () => {
      const record: RouteTable = { id: newId(context, 'rtb'), vpcId: vpc.id, associations: [], routes: [], tags: tagsFor('route-table', input.TagSpecifications) };
      return { changes: [routeTables.put(routeTables.key(context, record.id), record, 0)], result: record };
    });
    return { RouteTable: shape(made, vpc, await targets(context), context), ClientToken: input.ClientToken };
  },

  DescribeRouteTables: async (input, context) => {
    const found = applyFilters(await select(context, context, kinds.routeTable, input.RouteTableIds), input.Filters, {
      'route-table-id': ({ id }) => id, 'vpc-id': ({ vpcId }) => vpcId, 'owner-id': () => context.account, 'association.main': isMain,
      'association.route-table-association-id': ({ associations }) => associations.map(({ id }) => id),
      'association.route-table-id': ({ id, associations }) => (associations.length ? id : undefined),
      'association.subnet-id': ({ associations }) => associations.map(({ subnetId }) => subnetId),
      'route.destination-cidr-block': ({ routes }) => routes.map(({ destination }) => destination),
      'route.gateway-id': ({ routes }) => ['local', ...routes.map(({ target }) => ('gatewayId' in target ? target.gatewayId : undefined))],
      'route.nat-gateway-id': ({ routes }) => routes.map(({ target }) => ('natGatewayId' in target ? target.natGatewayId : undefined)),
      'route.origin': ({ routes }) => ['CreateRouteTable', ...routes.map(({ origin }) => origin)],
      'route.state': () => 'active',
    }, ({ tags }) => tags);
    const { items, NextToken } = page(found, input, ({ id }) => id);
    const there = await targets(context);
    return { RouteTables: await Promise.all(items.map(async (table) => shape(table, await vpcById(context, context, table.vpcId), there, context))), NextToken };
  },

  DeleteRouteTable: async ({ RouteTableId: id = '' }, context) => {
    await transact(context, async () => {
      const { key, value, revision } = await find(context, context, kinds.routeTable, id);
      if (value.associations.length) throw dependencyViolation(`The routeTable '${id}' has dependencies and cannot be deleted.`);
      return { changes: [{ delete: key, expect: revision }], result: undefined };
    });
    return {};
  },

  CreateRoute: async (input, context) => {
    const destination = destinationOf(input);
    await change(context, input.RouteTableId ?? '', async (table) => {
      const target = await targetOf(context, table, input);
      const existing = table.routes.find((route) => route.destination === destination);
      // Saying the same again is no error, as Terraform's retries need it.
      if (existing && JSON.stringify(existing.target) === JSON.stringify(target)) return table;
      const vpc = await vpcById(context, context, table.vpcId);
      if (existing || vpc?.cidrBlocks.some(({ cidrBlock }) => cidrBlock === destination)) throw routeAlreadyExists(destination);
      return { ...table, routes: [...table.routes, { destination, target, origin: 'CreateRoute' }] };
    });
    return { Return: true };
  },

  ReplaceRoute: async (input, context) => {
    const destination = destinationOf(input);
    await change(context, input.RouteTableId ?? '', async (table) => {
      if (!table.routes.some((route) => route.destination === destination)) throw routeNotFound(destination, table.id);
      const target = await targetOf(context, table, input);
      return { ...table, routes: table.routes.map((route) => (route.destination === destination ? { ...route, target } : route)) };
    });
    return {};
  },

  DeleteRoute: async (input, context) => {
    const destination = destinationOf(input);
    await change(context, input.RouteTableId ?? '', (table) => {
      if (!table.routes.some((route) => route.destination === destination)) throw routeNotFound(destination, table.id);
      return { ...table, routes: table.routes.filter((route) => route.destination !== destination) };
    });
    return {};
  },

  AssociateRouteTable: async (input, context) => {
    if (input.SubnetId === undefined) throw input.GatewayId === undefined ? missingParameter('subnetId') : unsupported('Gateway route tables: not implemented by Gantry.');
    const subnet = (await find(context, context, kinds.subnet, input.SubnetId)).value;
    const id = newId(context, 'rtbassoc');
    const taken = (await routeTables.list(context.store, context)).find(({ value }) => value.associations.some(({ subnetId }) => subnetId === subnet.id));
    if (taken && taken.value.id !== input.RouteTableId) throw alreadyAssociated(`the specified association for route table ${input.RouteTableId} conflicts with an existing association`);
    const already = taken?.value.associations.find(({ subnetId }) => subnetId === subnet.id)?.id;
    if (already !== undefined) return { AssociationId: already, AssociationState: { State: 'associated' } };
    await change(context, input.RouteTableId ?? '', (table) => {
      if (table.vpcId !== subnet.vpcId) throw invalidParameterValue(`route table ${table.id} and subnet ${subnet.id} belong to different networks`);
      return { ...table, associations: [...table.associations, { id, subnetId: subnet.id }] };
    });
    return { AssociationId: id, AssociationState: { State: 'associated' } };
  },

  DisassociateRouteTable: async ({ AssociationId: id = '' }, context) => {
    const entry = await withAssociation(context, id);
    if (entry.value.associations.some((one) => one.id === id && one.subnetId === undefined)) throw invalidParameterValue(`cannot disassociate the main route table association ${id}`);
    await change(context, entry.value.id, (table) => without(table, id));
    return {};
  },

  ReplaceRouteTableAssociation: async ({ AssociationId: id = '', RouteTableId: to = '' }, context) => {
    const newAssociation = newId(context, 'rtbassoc');
    await transact(context, async () => {
      const from = await withAssociation(context, id);
      const into = await find(context, context, kinds.routeTable, to);
      const moved = from.value.associations.find((one) => one.id === id);
      if (from.key === into.key) return { changes: [], result: undefined };
      return {
        changes: [
          routeTables.put(from.key, without(from.value, id), from.revision),
          routeTables.put(into.key, { ...into.value, associations: [...into.value.associations, { ...moved, id: newAssociation }] }, into.revision),
        ],
        result: undefined,
      };
    });
    return { NewAssociationId: newAssociation, AssociationState: { State: 'associated' } };
  },
} satisfies Ec2Operations;

