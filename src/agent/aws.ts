import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { AcsContainer, AcsSecret, IAMRoleCredentials } from '../wire/acs.ts';
import type { RegistryLogin } from './images.ts';
import type { LogsClient } from './logs/logs.ts';
import type { TaskRecord } from './state.ts';
import { TaskError, messageOf } from './tasks/dependencies.ts';

/**
 * Clients of AWS's services. The endpoint comes from AWS_ENDPOINT_URL; without other credentials the SDK asks the instance metadata
 * service (IMDSv2) for those of the instance's role, and asks again before they expire.
 */
export const ecsClient = (region: string) => new ECSClient({ region, maxAttempts: 2 });

const identity = (role: IAMRoleCredentials) => ({
  accessKeyId: role.accessKeyId,
  secretAccessKey: role.secretAccessKey,
  sessionToken: role.sessionToken,
  expiration: new Date(role.expiration),
});

/** The SDK asks a provider again when what it gave is about to expire: by then the record has fresh ones. */
const provider = (current: () => IAMRoleCredentials | undefined) => async () => {
  const role = current();
  if (!role) throw new Error('the task has no execution role');
  return identity(role);
};

/** One client a region for the instance's role, one a task where the execution role's credentials are asked for. */
export function logsClients(): LogsClient {
  const shared = new Map<string, CloudWatchLogsClient>();
  return (region, role, record) => {
    if (role) return new CloudWatchLogsClient({ region, credentials: provider(() => record.task.executionRoleCredentials) });
    const client = shared.get(region) ?? new CloudWatchLogsClient({ region });
    shared.set(region, client);
    return client;
  };
}

/** Tokens are valid for twelve hours; one is used for half of its life. */
export function registryLogin(now: () => number = Date.now): RegistryLogin {
  const tokens = new Map<string, { until: number; login: { username: string; password: string } }>();
  return async (ecr, role) => {
    const key = `${ecr.region} ${ecr.registryId} ${role?.credentialsId ?? ''}`;
    const found = tokens.get(key);
    if (found && found.until > now()) return found.login;
    const client = new ECRClient({ region: ecr.region, ...(role ? { credentials: identity(role) } : {}) });
    try {
      const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
      const { authorizationToken = '', expiresAt } = authorizationData?.[0] ?? {};
      const [username = '', password = ''] = Buffer.from(authorizationToken, 'base64').toString().split(/:([^]*)/);
      const login = { username, password };
      tokens.set(key, { login, until: now() + ((expiresAt?.getTime() ?? now()) - now()) / 2 });
      return login;
    } finally {
      client.destroy();
    }
  };
}

/** Values of secrets, fetched with the execution role. Rejects in AWS's words. */
export function secretsFetcher(region: string) {
  return async (record: TaskRecord, container: AcsContainer): Promise<Record<string, string>> => {
    const secrets = (container.secrets ?? []).filter(({ target = 'CONTAINER' }) => target === 'CONTAINER');
    if (!secrets.length) return {};
    const unsupported = secrets.find(({ provider: from }) => from !== 'ssm');
    if (unsupported) throw new TaskError('ResourceInitializationError', `unable to pull secrets: secrets of Secrets Manager are not supported: ${unsupported.valueFrom}`);
    const byRegion = Map.groupBy(secrets, (secret) => secret.region || region);
    const values = await Promise.all([...byRegion].map(([at, some]) => parameters(at, some, record.task.executionRoleCredentials)));
    return Object.assign({}, ...values) as Record<string, string>;
  };
}

async function parameters(region: string, secrets: AcsSecret[], role: IAMRoleCredentials | undefined): Promise<Record<string, string>> {
  const client = new SSMClient({ region, ...(role ? { credentials: identity(role) } : {}) });
  try {
    const values: Record<string, string> = {};
    const names = [...new Set(secrets.map(({ valueFrom }) => valueFrom))];
    // GetParameters takes ten at a time.
    for (let from = 0; from < names.length; from += 10) {
      const { Parameters = [], InvalidParameters = [] } = await client.send(new GetParametersCommand({ Names: names.slice(from, from + 10), WithDecryption: true }));
      if (InvalidParameters.length) throw new Error(`invalid parameters: ${InvalidParameters.join(', ')}`);
      for (const { Name, ARN, Value = '' } of Parameters) {
        for (const { name, valueFrom } of secrets) if (valueFrom === Name || valueFrom === ARN) values[name] = Value;
      }
    }
    return values;
  } catch (error) {
    throw new TaskError('ResourceInitializationError', `unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: ${messageOf(error)}`, error);
  } finally {
    client.destroy();
  }
}
