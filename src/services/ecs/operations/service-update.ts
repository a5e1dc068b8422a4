import type { UpdateServiceCommandInput } from '@aws-sdk/client-ecs';
import type { RequestContext } from '../../../control/service.ts';
import { newDeploymentId } from '../arns.ts';
import { capacityFor, launchTypeOf } from '../capacity.ts';
import { invalid } from '../errors.ts';
import { checkPlatform } from '../fargate/platform.ts';
import { findTaskDefinition, requireActiveTaskDefinition } from '../lookups.ts';
import { checkConstraints, checkStrategies } from '../placement/check.ts';
import { compact, type Cluster, type Service } from '../records.ts';
import { checkGracePeriod, checkLoadBalancers, deploymentConfiguration, refuseUnsupported } from '../scheduler/configuration.ts';
import { newDeployment } from '../scheduler/deployments.ts';
import { release } from '../scheduler/release.ts';
import { checkNetwork } from '../tasks/overrides.ts';

/** The service as UpdateService leaves it: with a new PRIMARY deployment, and what belongs to that, where something changed that its tasks are made of. */
export async function updated(context: RequestContext, cluster: Cluster, service: Service, input: UpdateServiceCommandInput): ReturnType<typeof release> {
  refuseUnsupported(input);
  checkCount(service, input.desiredCount);
  const definition = input.taskDefinition
    ? await requireActiveTaskDefinition(context, context, input.taskDefinition)
    : (await findTaskDefinition(context, context, service.taskDefinition))?.value;
  if (!definition) throw invalid('The task definition of the service was not found.');
  const taskDefinition = `${definition.family}:${definition.revision}`;
  const capacity = capacityOf(cluster, service, input);
  const launchType = launchTypeOf(capacity);
  const platformVersion = checkPlatform(launchType, { ...input, platformVersion: input.platformVersion ?? (launchType === 'FARGATE' ? service.platformVersion : undefined) }, definition);
  const networkConfiguration = await checkNetwork(context, context, input.networkConfiguration ?? service.networkConfiguration, definition, launchType);
  const loadBalancers = input.loadBalancers || input.taskDefinition ? await checkLoadBalancers(context, context, input.loadBalancers ?? service.loadBalancers, definition) : service.loadBalancers;
  const { launchType: _, capacityProviderStrategy: __, platformVersion: ___, ...rest } = service;
  const next: Service = compact({
    ...rest, ...capacity, platformVersion, taskDefinition, networkConfiguration, loadBalancers,
    desiredCount: input.desiredCount ?? service.desiredCount,
    deploymentConfiguration: deploymentConfiguration(input.deploymentConfiguration, service.schedulingStrategy, service.deploymentConfiguration),
    placementConstraints: input.placementConstraints ? checkConstraints(input.placementConstraints) : service.placementConstraints,
    placementStrategy: input.placementStrategy ? checkStrategies(input.placementStrategy) : service.placementStrategy,
    healthCheckGracePeriodSeconds: checkGracePeriod(input.healthCheckGracePeriodSeconds, loadBalancers) ?? service.healthCheckGracePeriodSeconds,
    availabilityZoneRebalancing: input.availabilityZoneRebalancing ?? service.availabilityZoneRebalancing,
    enableExecuteCommand: input.enableExecuteCommand ?? service.enableExecuteCommand,
    enableECSManagedTags: input.enableECSManagedTags ?? service.enableECSManagedTags,
    propagateTags: input.propagateTags ?? service.propagateTags,
  });
  if (!input.forceNewDeployment && sameTasks(service, next)) return { service: next.desiredCount === service.desiredCount ? next : { ...next, steady: false }, changes: [] };
  const deployment = newDeployment(newDeploymentId(context), compact({ taskDefinition, networkConfiguration }), context.now().toISOString());
  return release(context, service, { ...next, steady: false, deployments: [deployment, ...service.deployments] }, definition);
}

/** An empty strategy goes back to the launch type. */
function capacityOf(cluster: Cluster, { launchType, capacityProviderStrategy }: Service, { capacityProviderStrategy: given }: UpdateServiceCommandInput): Pick<Service, 'launchType' | 'capacityProviderStrategy'> {
  if (!given) return compact({ launchType, capacityProviderStrategy });
  const strategy = given.length ? capacityFor(cluster, { capacityProviderStrategy: given }).strategy : undefined;
  return strategy ? { capacityProviderStrategy: strategy } : { launchType: launchTypeOf({ ...(launchType && { launchType }), ...(capacityProviderStrategy && { capacityProviderStrategy }) }) };
}

function checkCount({ schedulingStrategy }: Service, desiredCount: number | undefined): void {
  if (desiredCount === undefined) return;
  if (schedulingStrategy === 'DAEMON') throw invalid('The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again.');
  if (desiredCount < 0 || desiredCount > 5000) throw invalid('Desired count must be between 0 and 5000.');
}

/** Whether tasks of the two are alike: placement and percentages concern those that come, not those that are there. */
function sameTasks(before: Service, after: Service): boolean {
  const shape = ({ taskDefinition, networkConfiguration, loadBalancers, enableExecuteCommand, capacityProviderStrategy, platformVersion }: Service) =>
    JSON.stringify([taskDefinition, networkConfiguration, loadBalancers, enableExecuteCommand, capacityProviderStrategy, platformVersion]);
  return shape(before) === shape(after);
}
