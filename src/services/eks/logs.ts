import { asService } from '../../control/as-service.ts';
import { AwsError } from '../../control/error.ts';
import type { Env, Scope } from '../../control/service.ts';
import { logsOperations } from '../logs/index.ts';
import type { Cluster, LogType } from './records.ts';

/** Lines of one kind of log of one member, as the member's shipper (`src/instance/eks-logs.ts`) sends them. */
export interface LogBatch {
  /** `i-…` */
  member: string;
  type: LogType;
  events: { timestamp: number; message: string }[];
}

/** https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html#viewing-control-plane-logs */
const STREAMS: Record<LogType, string> = {
  api: 'kube-apiserver', audit: 'kube-apiserver-audit', authenticator: 'authenticator', controllerManager: 'kube-controller-manager', scheduler: 'kube-scheduler',
};

const groupOf = (cluster: Cluster) => `/aws/eks/${cluster.name}/cluster`;
/** A stream a member: `kube-apiserver-audit-0123456789abcdef0123456789abcdef`. */
const streamOf = (type: LogType, member: string) => `${STREAMS[type]}-${member.replace(/^i-/, '').padEnd(32, '0')}`;

/** Kinds that are off are dropped. */
export async function takeLogs(env: Env, scope: Scope, cluster: Cluster, { member, type, events }: LogBatch): Promise<void> {
  if (!cluster.logging.includes(type) || !events.length || cluster.status === 'DELETING') return;
  const logs = asService(logsOperations, env, scope, 'eks.amazonaws.com');
  const place = { logGroupName: groupOf(cluster), logStreamName: streamOf(type, member) };
  const logEvents = [...events].sort((a, b) => a.timestamp - b.timestamp);
  const put = () => logs('PutLogEvents', { ...place, logEvents });
  await put().catch(async (error: unknown) => {
    if (!isCode(error, 'ResourceNotFoundException')) throw error;
    await orExists(logs('CreateLogGroup', { logGroupName: place.logGroupName }));
    await orExists(logs('CreateLogStream', place));
    return put();
  });
}

/** The authenticator runs in Gantry's own control plane: its log is written here, and what it is about does not wait for it. */
export function authenticatorSaid(env: Env, scope: Scope, cluster: Cluster, level: 'info' | 'warning', message: string, fields: Record<string, string>): void {
  const at = env.now();
  const line = `time="${at.toISOString()}" level=${level} msg="${message}" ${Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ')}`;
  takeLogs(env, scope, cluster, { member: cluster.id, type: 'authenticator', events: [{ timestamp: at.getTime(), message: line }] })
    .catch((error: unknown) => env.log('authenticator log not written', { cluster: cluster.name, error: String(error) }));
}

async function orExists(done: Promise<unknown>): Promise<void> {
  await done.catch((error: unknown) => {
    if (!isCode(error, 'ResourceAlreadyExistsException')) throw error;
  });
}

const isCode = (error: unknown, code: string) => error instanceof AwsError && error.code === code;
