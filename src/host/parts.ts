import type { InstanceCredentials } from '../wire/host.ts';
import { makeBalancersPart, teardownBalancers } from './balancers/index.ts';
import { makeDnsPart, teardownDns } from './dns/index.ts';
import { makeInstancesPart, teardownInstances } from './instances/index.ts';
import { makeMetadataPart } from './metadata/index.ts';
import { makeNetworkPart, teardownNetwork } from './network/index.ts';
import type { Host, Part, Teardown } from './part.ts';
import { makeVolumesPart, teardownVolumes } from './volumes/index.ts';

/** What the metadata service asks the control plane beside the wish. */
export interface MetadataHost extends Host {
  credentials(instanceId: string): Promise<InstanceCredentials | undefined>;
}

/** The parts of the agent, in the order in which they are woken. `wake` asks for another pass of the named part. */
export function makeParts(host: MetadataHost, wake: (name: string) => void): Part[] {
  return [
    makeNetworkPart(host, () => wake('network')),
    makeInstancesPart(host, () => wake('instances')),
    makeVolumesPart(host, () => wake('volumes')),
    makeBalancersPart(host, () => wake('balancers')),
    makeDnsPart(host, () => wake('dns')),
    makeMetadataPart(host, () => wake('metadata')),
  ];
}

/** In an order in which nothing holds on to what goes next: those who run in namespaces before the namespaces. */
export const teardowns: readonly Teardown[] = [teardownInstances, teardownVolumes, teardownBalancers, teardownDns, teardownNetwork];
