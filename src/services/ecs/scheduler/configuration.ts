import type { DeploymentConfiguration, LoadBalancer } from '@aws-sdk/client-ecs';
import type { Env, Scope } from '../../../control/service.ts';
import { balancersUsing, targetGroup } from '../../elasticloadbalancing/index.ts';
import { invalid, unsupported } from '../errors.ts';
import type { Service, TaskDefinition } from '../records.ts';

/** What CreateService and UpdateService take, checked. Errors: InvalidParameterException, UnsupportedFeatureException. */

const DEFAULTS = { REPLICA: { maximumPercent: 200, minimumHealthyPercent: 100 }, DAEMON: { maximumPercent: 100, minimumHealthyPercent: 0 } };

/** The given over what there is, or over the defaults of the strategy. */
export function deploymentConfiguration(given: DeploymentConfiguration | undefined, strategy: Service['schedulingStrategy'], current?: Service['deploymentConfiguration']): Service['deploymentConfiguration'] {
  const next = {
    deploymentCircuitBreaker: { enable: false, rollback: false }, ...DEFAULTS[strategy], strategy: 'ROLLING' as const, bakeTimeInMinutes: 0, ...current,
    ...Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)),
  } as Service['deploymentConfiguration'];
  const { maximumPercent, minimumHealthyPercent } = next;
  if (next.strategy && next.strategy !== 'ROLLING') throw unsupported(`The deployment strategy ${next.strategy} is not implemented by Gantry.`);
  if (next.alarms?.enable) throw unsupported('Deployment alarms are not implemented by Gantry.');
  if (next.lifecycleHooks?.length) throw unsupported('Deployment lifecycle hooks are not implemented by Gantry.');
  if (next.bakeTimeInMinutes) throw unsupported('A bake time is not implemented by Gantry.');
  if (minimumHealthyPercent < 0 || minimumHealthyPercent > 100) throw invalid('Minimum healthy percent must be between 0 and 100.');
  if (maximumPercent < 100 || maximumPercent > 1000) throw invalid('Maximum percent must be between 100 and 1000.');
  if (maximumPercent === 100 && minimumHealthyPercent === 100) throw invalid('Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.');
  return next;
}

/** Each names a group that a balancer uses, and a port of a container; its type must suit the network mode. */
export async function checkLoadBalancers(env: Env, scope: Scope, given: LoadBalancer[], definition: TaskDefinition): Promise<LoadBalancer[]> {
  if (given.length > 5) throw invalid('A service can have at most 5 load balancers.');
  for (const balancer of given) {
    const { targetGroupArn: arn, containerName, containerPort } = balancer;
    if (balancer.loadBalancerName) throw unsupported('Classic load balancers are not implemented by Gantry.');
    if (balancer.advancedConfiguration) throw unsupported('Blue/green deployments are not implemented by Gantry.');
    if (!arn) throw invalid('targetGroupArn cannot be blank.');
    const container = definition.containerDefinitions.find(({ name }) => name === containerName);
    if (!container) throw invalid(`The container ${containerName} does not exist in the task definition.`);
    if (!container.portMappings?.some((mapping) => mapping.containerPort === containerPort)) throw invalid(`The container ${containerName} did not have a container port ${containerPort} defined.`);
    const group = await targetGroup(env, scope, arn);
    if (!group) throw invalid(`Unable to assume role and validate the specified targetGroupArn. Target groups '${arn}' not found`);
    const needed = definition.networkMode === 'awsvpc' ? 'ip' : 'instance';
    if (group.targetType !== needed) {
      throw invalid(`The provided target group ${arn} has target type ${group.targetType}, which is incompatible with the ${definition.networkMode ?? 'bridge'} network mode specified in the task definition.`);
    }
    if (!(await balancersUsing(env, scope, arn)).length) throw invalid(`The target group with targetGroupArn ${arn} does not have an associated load balancer.`);
  }
  return given;
}

/** Members that CreateService and UpdateService share and that have nothing behind them here. */
export function refuseUnsupported(input: {
  availabilityZoneRebalancing?: string | undefined; serviceRegistries?: object[] | undefined; serviceConnectConfiguration?: { enabled?: boolean | undefined } | undefined; volumeConfigurations?: object[] | undefined;
  vpcLatticeConfigurations?: object[] | undefined; gatewayConnectors?: object[] | undefined; deploymentController?: { type?: string | undefined } | undefined;
}): void {
  const refuse = (when: unknown, what: string) => {
    if (when) throw unsupported(`${what} is not implemented by Gantry.`);
  };
  refuse(input.availabilityZoneRebalancing === 'ENABLED', 'Availability Zone rebalancing');
  refuse(input.serviceRegistries?.length, 'Service discovery');
  refuse(input.serviceConnectConfiguration?.enabled, 'Service Connect');
  refuse(input.volumeConfigurations?.length, 'A volume configured at launch');
  refuse(input.vpcLatticeConfigurations?.length, 'VPC Lattice');
  refuse(input.gatewayConnectors?.length, 'A gateway connector');
  refuse(input.deploymentController?.type && input.deploymentController.type !== 'ECS', `The deployment controller ${input.deploymentController?.type}`);
}

export function checkGracePeriod(seconds: number | undefined, balancers: LoadBalancer[]): number | undefined {
  if (seconds === undefined) return undefined;
  if (seconds < 0 || seconds > 2_147_483_647) throw invalid('healthCheckGracePeriodSeconds must be between 0 and 2147483647.');
  if (seconds && !balancers.length) throw invalid('Health check grace period is only valid for services configured to use load balancers');
  return seconds;
}
