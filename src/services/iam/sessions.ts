import { AwsError } from '../../control/error.ts';
import type { Env, Principal, Scope } from '../../control/service.ts';
import type { InstanceCredentials } from '../../wire/host.ts';
import { assumedRoleArn, nameIn, roleArn } from './arns.ts';
import { decide, policiesOf, principalFacts, timeFacts } from './decide.ts';
import { assumeRoleDenied, validationError, webIdentityDenied } from './errors.ts';
import { newAccessKeyId, newSecret, newSessionToken, toSeconds } from './ids.ts';
import { findInstanceProfile, findRole } from './lookups.ts';
import { contextOf } from './policy/context.ts';
import { compilePolicy } from './policy/evaluate.ts';
import { evaluateTrust } from './policy/trust.ts';
import { globally, instanceSessions, type Role, type Session, sessions } from './records.ts';

/** Temporary credentials: of roles that someone assumes, and of users that ask for a session. */

export interface AssumeRoleRequest {
  roleArn: string;
  sessionName: string;
  /** Default 3600. A principal may have the role's MaxSessionDuration at most, and one hour if it is a role's session itself. */
  durationSeconds?: number;
  /** A service assumes it for what it runs: `ec2.amazonaws.com`, `ecs-tasks.amazonaws.com` … */
  service?: string;
  /** Or a principal does, by STS. */
  principal?: Principal;
  /** Or somebody does whom an OpenID Connect provider (its ARN) vouches for; what the token says is among the conditions. */
  provider?: string;
  /** Session policy, JSON. */
  policy?: string;
  policyArns?: string[];
  tags?: Record<string, string>;
  transitiveTagKeys?: string[];
  externalId?: string;
  sourceIdentity?: string;
  /** Condition keys that the trust policy may ask for: `aws:SourceArn` (the task's or instance's) of a service, `aws:SourceIp` of a principal. */
  conditions?: Record<string, string | string[]>;
}

export interface AssumedRole {
  credentials: TemporaryCredentials;
  assumedRoleUser: { AssumedRoleId: string; Arn: string };
}

/** `Expiration` is ISO 8601. */
export interface TemporaryCredentials { AccessKeyId: string; SecretAccessKey: string; SessionToken: string; Expiration: string }

const DEFAULT_DURATION_SECONDS = 3600;
const MOST_CHAINED_SECONDS = 3600;
/** How long expired credentials are still known. */
const REMEMBERED_SECONDS = 3600;
/** As on EC2: credentials live about six hours and are replaced when they have one left. */
const INSTANCE_DURATION_SECONDS = 6 * 3600;
const INSTANCE_RENEWAL_SECONDS = 5 * 3600;

/** Throws AccessDenied where there is no such role or its trust policy does not allow this. */
export async function assumeRole(env: Env, scope: Scope, asked: AssumeRoleRequest): Promise<AssumedRole> {
  const request = await withTransitiveTags(env, asked);
  const found = (await findRole(env, scope, nameIn(request.roleArn)))?.value;
  const role = found && roleArn(scope.account, found) === request.roleArn ? found : undefined;
  if (!role || !(await trusts(env, role, request))) {
    throw request.provider === undefined ? assumeRoleDenied(request.principal?.arn ?? request.service ?? 'anonymous', request.roleArn) : webIdentityDenied();
  }
  const durationSeconds = request.durationSeconds ?? DEFAULT_DURATION_SECONDS;
  if (request.service === undefined) checkDuration(request.principal, role, durationSeconds);
  const assumedRoleUser = { AssumedRoleId: `${role.id}:${request.sessionName}`, Arn: assumedRoleArn(scope.account, role.name, request.sessionName) };
  const session = await openSession(env, scope, durationSeconds, {
    principal: { type: 'AssumedRole', account: scope.account, arn: assumedRoleUser.Arn, userId: assumedRoleUser.AssumedRoleId, identityArn: request.roleArn },
    roleId: role.id,
    policies: request.policy === undefined ? [] : [request.policy],
    policyArns: request.policyArns ?? [],
    tags: request.tags ?? {},
    transitiveTagKeys: request.transitiveTagKeys ?? [],
    ...(request.sourceIdentity === undefined ? {} : { sourceIdentity: request.sourceIdentity }),
    ...(request.provider === undefined ? {} : { provider: request.provider }),
  });
  return { credentials: credentialsOf(session), assumedRoleUser };
}

function checkDuration(principal: Principal | undefined, role: Role, durationSeconds: number): void {
  if (principal?.type === 'AssumedRole' && durationSeconds > MOST_CHAINED_SECONDS) {
    throw validationError('The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.');
  }
  if (durationSeconds > role.maxSessionSeconds) throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
}

/** Role chaining: transitive tags and the source identity of the caller's session go on to the next one. */
async function withTransitiveTags(env: Env, request: AssumeRoleRequest): Promise<AssumeRoleRequest> {
  const { principal } = request;
  if (principal?.type !== 'AssumedRole' || !principal.accessKeyId) return request;
  const session = (await sessions.get(env.store, globally(principal), principal.accessKeyId))?.value;
  if (!session) return request;
  const inherited = Object.fromEntries(Object.entries(session.tags).filter(([key]) => session.transitiveTagKeys.includes(key)));
  return {
    ...request,
    ...(session.sourceIdentity === undefined ? {} : { sourceIdentity: session.sourceIdentity }),
    tags: { ...request.tags, ...inherited },
    transitiveTagKeys: [...new Set([...(request.transitiveTagKeys ?? []), ...Object.keys(inherited)])],
  };
}

/** Temporary credentials with which a user is itself. */
export async function userSession(env: Env, scope: Scope, principal: Principal, durationSeconds: number): Promise<TemporaryCredentials> {
  const { accessKeyId: _, ...user } = principal;
  return credentialsOf(await openSession(env, scope, durationSeconds, { principal: user, policies: [], policyArns: [], tags: {}, transitiveTagKeys: [] }));
}

/** By the role's trust policy, and the principal's own policies where that leaves it to them. */
async function trusts(env: Env, role: Role, request: AssumeRoleRequest): Promise<boolean> {
  const { principal, provider, service = '', tags = {}, transitiveTagKeys = [] } = request;
  const tagKeys = Object.keys(tags);
  const facts: Record<string, string | string[]> = {
    ...(request.service === undefined ? {} : { 'aws:SourceAccount': env.installation.account }),
    ...(provider === undefined ? {} : { 'aws:FederatedProvider': provider }),
    ...request.conditions,
    'sts:RoleSessionName': request.sessionName,
    ...(request.externalId === undefined ? {} : { 'sts:ExternalId': request.externalId }),
    ...(request.sourceIdentity === undefined ? {} : { 'sts:SourceIdentity': request.sourceIdentity }),
    ...(transitiveTagKeys.length ? { 'sts:TransitiveTagKeys': transitiveTagKeys } : {}),
    ...(tagKeys.length ? { 'aws:TagKeys': tagKeys } : {}),
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  };
  const own = principal && (await policiesOf(env, principal)).facts;
  const context = contextOf(timeFacts(env), principal ? principalFacts(principal) : {}, own ?? {}, facts);
  const caller = principal ? { account: principal.account, arns: [principal.arn, principal.identityArn] } : provider === undefined ? { service } : { federated: provider };
  const policy = compilePolicy(role.trustPolicy);
  const actions = [provider === undefined ? 'sts:AssumeRole' : 'sts:AssumeRoleWithWebIdentity', ...(tagKeys.length ? ['sts:TagSession'] : []), ...(request.sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity'])];
  for (const action of actions) {
    const trust = evaluateTrust(policy, caller, action, context);
    if (trust === 'none' || trust === 'explicitDeny') return false;
    if (!principal) continue;
    const decision = await decide(env, { principal, action, resources: [request.roleArn], context: facts });
    // A policy that names the principal needs no permission of its own besides; denials and limits hold all the same.
    if (!decision.allowed && (decision.explicit || trust === 'account' || decision.reason !== 'identity-based policy')) return false;
  }
  return true;
}

/** Keeps a new session; its lease takes it away. */
async function openSession(env: Env, scope: Scope, durationSeconds: number, rest: Omit<Session, keyof Drawn>): Promise<Session> {
  const accessKeyId = newAccessKeyId(env, 'ASIA');
  const now = env.now();
  const session: Session = {
    accessKeyId,
    secretAccessKey: newSecret(env),
    sessionToken: newSessionToken(env),
    issuedAt: toSeconds(now),
    expiration: toSeconds(new Date(now.getTime() + durationSeconds * 1000)),
    ...rest,
    principal: { ...rest.principal, accessKeyId },
  };
  const lease = await env.store.grantLease(durationSeconds + REMEMBERED_SECONDS);
  const commit = await env.store.commit([{ put: sessions.key(globally(scope), accessKeyId), value: session, expect: 0, lease }]);
  if (!commit.ok) throw new AwsError('ServiceFailure', 500, 'The same access key was drawn twice.');
  return session;
}

type Drawn = Pick<Session, 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'expiration' | 'issuedAt'>;

const credentialsOf = (session: Session): TemporaryCredentials => ({
  AccessKeyId: session.accessKeyId, SecretAccessKey: session.secretAccessKey, SessionToken: session.sessionToken, Expiration: session.expiration,
});

/**
 * Of the profile's role, in a session named as the instance; the same ones until they have an hour left. `undefined`: no such profile,
 * it has no role, or the role does not trust EC2.
 */
export async function instanceCredentials(env: Env, scope: Scope, profileArn: string, instanceId: string): Promise<InstanceCredentials | undefined> {
  const profile = (await findInstanceProfile(env, scope, nameIn(profileArn)))?.value;
  if (profile?.roleName === undefined) return undefined;
  return machineCredentials(env, scope, { roleName: profile.roleName, instanceId, sessionName: instanceId, service: 'ec2.amazonaws.com' });
}

export interface MachineSession {
  /** Or its ARN. */
  roleName: string;
  /** Whose credentials they are, as its host knows it. */
  instanceId: string;
  sessionName: string;
  /** What the role must trust. */
  service: string;
}

/** As `instanceCredentials`, for a machine that another service runs in its own name. */
export async function machineCredentials(env: Env, scope: Scope, { roleName, instanceId, sessionName, service }: MachineSession): Promise<InstanceCredentials | undefined> {
  const role = (await findRole(env, scope, nameIn(roleName)))?.value;
  if (!role) return undefined;
  try {
    return await remembered(env, scope, instanceId, role.id, async () => (await assumeRole(env, scope, {
      roleArn: roleArn(scope.account, role), sessionName, durationSeconds: INSTANCE_DURATION_SECONDS, service,
    })).credentials);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'AccessDenied') return undefined;
    throw error;
  }
}

/** As `machineCredentials`, without a role of the account's: the machine is the service's, and may do what the policy (JSON) says. */
export async function serviceMachineCredentials(env: Env, scope: Scope, { service, instanceId, policy }: { service: string; instanceId: string; policy: string }): Promise<InstanceCredentials> {
  return remembered(env, scope, instanceId, service, async () => credentialsOf(await openSession(env, scope, INSTANCE_DURATION_SECONDS, {
    principal: { type: 'Service', account: scope.account, arn: service, userId: `${service}:${instanceId}`, identityArn: service }, policies: [policy], policyArns: [], tags: {}, transitiveTagKeys: [],
  })));
}

/** The credentials that the instance was given, until it is time for the next. */
async function remembered(env: Env, scope: Scope, instanceId: string, roleId: string, draw: () => Promise<TemporaryCredentials>): Promise<InstanceCredentials> {
  const key = instanceSessions.key(globally(scope), instanceId);
  const current = await instanceSessions.at(env.store, key);
  if (current && current.value.roleId === roleId && new Date(current.value.renewAt) > env.now()) {
    const session = (await sessions.get(env.store, globally(scope), current.value.accessKeyId))?.value;
    if (session) return forInstance(session);
  }
  const credentials = await draw();
  const now = env.now();
  const renewAt = toSeconds(new Date(now.getTime() + INSTANCE_RENEWAL_SECONDS * 1000));
  const value = { roleId, accessKeyId: credentials.AccessKeyId, issuedAt: toSeconds(now), renewAt };
  const lease = await env.store.grantLease(INSTANCE_DURATION_SECONDS);
  // Losing this race does no harm: both sessions are valid, one of them is remembered.
  await env.store.commit([{ put: key, value, expect: current?.revision ?? 0, lease }]);
  return forInstance({ ...credentials, issuedAt: value.issuedAt });
}

function forInstance(session: Session | (TemporaryCredentials & { issuedAt: string })): InstanceCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = 'accessKeyId' in session ? credentialsOf(session) : session;
  return { Code: 'Success', LastUpdated: session.issuedAt, Type: 'AWS-HMAC', AccessKeyId, SecretAccessKey, Token: SessionToken, Expiration };
}
