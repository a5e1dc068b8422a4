import type { Resource } from '../../../../kube/resources.ts';
import type { KubeObject } from '../../../../kube/types.ts';

/** A pod, with the members that decide whether and how it runs on Fargate. */
export interface FargatePod extends KubeObject {
  spec: {
    nodeName?: string;
    schedulerName?: string;
    hostNetwork?: boolean;
    hostPID?: boolean;
    hostIPC?: boolean;
    containers?: PodContainer[];
    initContainers?: PodContainer[];
    /** Beside its name each has one member, named by its type. */
    volumes?: ({ name: string } & Record<string, unknown>)[];
  };
  status?: { phase?: string };
}

export interface PodContainer {
  name: string;
  restartPolicy?: string;
  ports?: { hostPort?: number; hostIP?: string }[];
  resources?: { requests?: Record<string, string | number> };
  securityContext?: { privileged?: boolean; capabilities?: { add?: string[] } };
}

export const fargatePods: Resource<FargatePod> = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

export const FARGATE_SCHEDULER = 'fargate-scheduler';
export const PROFILE_LABEL = 'eks.amazonaws.com/fargate-profile';
export const COMPUTE_TYPE = 'eks.amazonaws.com/compute-type';
