/**
 * The ECS agent's telemetry (TCS, the Telemetry Communication Service), as far as health checks of containers need it: AWS's own
 * messages, after ecs-agent/tcs/model/api/api-2.json of github.com/aws/amazon-ecs-agent.
 *
 * The agent asks ecs:DiscoverPollEndpoint, then opens `ws(s)://<telemetryEndpoint>/ws?cluster=…&containerInstance=…`, signed with SigV4
 * (service `ecs`). Frames are as in `acs.ts`. Health is told when it changes, and all of it every 20 s.
 */
export type TcsRequest = { type: 'PublishHealthRequest'; message: PublishHealthRequest };

export interface TcsMessages {
  AckPublishHealth: { message?: string };
  HeartbeatMessage: { healthy: boolean };
}

export interface PublishHealthRequest {
  metadata: { cluster: string; containerInstance: string; messageId: string; fin: boolean };
  /** Tasks with containers that have a health check. */
  tasks: TaskHealth[];
  /** Epoch seconds. */
  timestamp: number;
}

export interface TaskHealth {
  taskArn: string;
  clusterArn?: string;
  taskDefinitionFamily?: string;
  taskDefinitionVersion?: string;
  containers: { containerName: string; healthStatus: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'; /** Epoch seconds. */ statusSince?: number }[];
}
