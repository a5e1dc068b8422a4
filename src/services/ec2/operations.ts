import type * as Sdk from '@aws-sdk/client-ec2';
import type { Operation, OperationTable, RequestContext } from '../../control/service.ts';
import { withAccess } from './access/index.ts';
import { dryRun } from './errors.ts';
import type { missing } from './missing.ts';
import { absentOperations } from './operations/absent.ts';
import { addressOperations } from './operations/addresses.ts';
import { catalogueOperations } from './operations/catalogue.ts';
import { instanceAttributeOperations } from './operations/instance-attributes.ts';
import { instanceOperations } from './operations/instances.ts';
import { internetGatewayOperations } from './operations/internet-gateways.ts';
import { keyPairOperations } from './operations/key-pairs.ts';
import { launchTemplateOperations } from './operations/launch-templates.ts';
import { natGatewayOperations } from './operations/nat-gateways.ts';
import { networkAclOperations } from './operations/network-acls.ts';
import { networkInterfaceOperations } from './operations/network-interfaces.ts';
import { privateAddressOperations } from './operations/private-addresses.ts';
import { routeTableOperations } from './operations/route-tables.ts';
import { securityGroupRuleOperations } from './operations/security-group-rules.ts';
import { securityGroupOperations } from './operations/security-groups.ts';
import { snapshotOperations } from './operations/snapshots.ts';
import { subnetOperations } from './operations/subnets.ts';
import { tagOperations } from './operations/tags.ts';
import { volumeOperations } from './operations/volumes.ts';
import { vpcOperations } from './operations/vpcs.ts';

const families: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  ...absentOperations, ...addressOperations, ...catalogueOperations, ...instanceAttributeOperations, ...instanceOperations, ...internetGatewayOperations, ...keyPairOperations,
  ...launchTemplateOperations, ...natGatewayOperations, ...networkAclOperations, ...networkInterfaceOperations, ...privateAddressOperations, ...routeTableOperations, ...securityGroupRuleOperations, ...securityGroupOperations,
  ...snapshotOperations, ...subnetOperations, ...tagOperations, ...volumeOperations, ...vpcOperations,
};

type AnyOperation = Operation<{ DryRun?: boolean }, unknown>;

/** Every EC2 operation has DryRun: whoever may do it is told so by an error, and nothing is done. */
function withDryRun(operation: AnyOperation | AnyOperation['run']): AnyOperation {
  const whole = typeof operation === 'function' ? { run: operation } : operation;
  return {
    ...whole,
    run: (input, context: RequestContext) => {
      if (input.DryRun) throw dryRun();
      return whole.run(input, context);
    },
  };
}

// The same names and shapes as before, which fromEntries does not know.
export const operations = Object.fromEntries(Object.entries(families).map(([name, operation]) => [name, withAccess(name, withDryRun(operation as AnyOperation))])) as unknown as typeof families;
