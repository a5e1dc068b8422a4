import type { Conditions, Env, Principal, Resource } from '../../control/service.ts';
import { roleArn, userArn, nameIn } from './arns.ts';
import { documentOf, findGroup, findRole, findUser } from './lookups.ts';
import { contextOf } from './policy/context.ts';
import { type CompiledPolicy, compilePolicy, evaluate, type Question, type Verdict } from './policy/evaluate.ts';
import { globally, type Identity, type Session, sessions } from './records.ts';

export interface AccessRequest {
  principal: Principal;
  /** `ecs:RunTask` */
  action: string;
  /** Each must be allowed. `['*']` where the action has no resource. */
  resources: Resource[];
  /** Of the request and all of its resources: `aws:SourceIp`, `ecs:cluster`. Keys of the principal and of time are added here. */
  context: Conditions;
}

/** `reason`: the kind of policy that denies, or that would have to allow. */
export type Decision =
  | { allowed: true }
  | { allowed: false; explicit: boolean; resource: string; reason: 'identity-based policy' | 'permissions boundary' | 'session policy' };

/** The policies that apply to a principal. An absent boundary or session policy limits nothing. */
export interface Policies {
  identity: CompiledPolicy[];
  boundary?: CompiledPolicy[] | undefined;
  session?: CompiledPolicy[] | undefined;
}

/**
 * Whether a principal may do this: denied by default, denied by any explicit denial, and allowed only by every kind of policy that
 * applies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export async function decide(env: Env, request: AccessRequest): Promise<Decision> {
  const { principal, action } = request;
  if (principal.type === 'Account') return { allowed: true };
  const { policies, facts } = await policiesOf(env, principal);
  for (const resource of request.resources) {
    const { arn, conditions } = typeof resource === 'string' ? { arn: resource, conditions: {} } : resource;
    const context = contextOf(timeFacts(env), principalFacts(principal), facts, request.context, conditions);
    const decision = judge(policies, { action, resource: arn, context });
    if (!decision.allowed) return { ...decision, resource: arn };
  }
  return { allowed: true };
}

/** The verdict of each kind of policy, joined. */
export function judge(policies: Policies, question: Question): { allowed: true } | (Omit<Decision & { allowed: false }, 'resource'>) {
  const kinds = ([['identity', 'identity-based policy'], ['boundary', 'permissions boundary'], ['session', 'session policy']] as const)
    .flatMap(([kind, reason]) => {
      const applied = policies[kind];
      return applied ? [{ reason, verdict: evaluate(applied, question) }] : [];
    });
  const saying = (wanted: Verdict) => kinds.find(({ verdict }) => verdict === wanted);
  const explicit = saying('explicitDeny');
  if (explicit) return { allowed: false, explicit: true, reason: explicit.reason };
  const implicit = saying('implicitDeny');
  return implicit ? { allowed: false, explicit: false, reason: implicit.reason } : { allowed: true };
}

/** What applies to a principal now, and the condition keys that its records give. One that is gone has no policies. */
export async function policiesOf(env: Env, principal: Principal): Promise<{ policies: Policies; facts: Conditions }> {
  const at = { account: principal.account };
  const session = principal.accessKeyId?.startsWith('ASIA') ? (await sessions.get(env.store, globally(at), principal.accessKeyId))?.value : undefined;
  const limits = session && (session.policies.length || session.policyArns.length)
    ? [...session.policies.map(compilePolicy), ...await managed(env, at, session.policyArns)]
    : undefined;
  // A machine that a service runs in its own name may do what its session says.
  if (principal.type === 'Service') return { policies: { identity: limits ?? [] }, facts: {} };
  const name = nameIn(principal.identityArn);
  if (principal.type === 'User') {
    const user = (await findUser(env, at, name))?.value;
    if (!user || userArn(at.account, user) !== principal.identityArn) return { policies: { identity: [] }, facts: {} };
    const groups = await Promise.all(user.groups.map((group) => findGroup(env, at, group)));
    const owners = [user, ...groups.flatMap((entry) => (entry ? [entry.value] : []))];
    const identity = (await Promise.all(owners.map((owner) => identityPolicies(env, at, owner)))).flat();
    return { policies: { identity, boundary: await boundaryOf(env, at, user), session: limits }, facts: { 'aws:username': name, ...tagFacts({ ...user.tags, ...session?.tags }) } };
  }
  const role = principal.type === 'AssumedRole' ? (await findRole(env, at, name))?.value : undefined;
  if (!role || roleArn(at.account, role) !== principal.identityArn || (session?.roleId ?? role.id) !== role.id) return { policies: { identity: [] }, facts: {} };
  return {
    policies: { identity: await identityPolicies(env, at, role), boundary: await boundaryOf(env, at, role), session: limits },
    facts: { ...tagFacts({ ...role.tags, ...session?.tags }), ...sessionFacts(session) },
  };
}

type At = { account: string };

export async function identityPolicies(env: Env, at: At, owner: Identity): Promise<CompiledPolicy[]> {
  return [...Object.values(owner.inlinePolicies).map(compilePolicy), ...await managed(env, at, owner.attachedPolicies)];
}

export async function boundaryOf(env: Env, at: At, owner: { permissionsBoundary?: string }): Promise<CompiledPolicy[] | undefined> {
  return owner.permissionsBoundary === undefined ? undefined : managed(env, at, [owner.permissionsBoundary]);
}

export async function managed(env: Env, at: At, arns: string[]): Promise<CompiledPolicy[]> {
  const documents = await Promise.all(arns.map((arn) => documentOf(env, at, arn)));
  return documents.flatMap((document) => (document === undefined ? [] : [compilePolicy(document)]));
}

const tagFacts = (tags: Record<string, string>): Conditions =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]));

const sessionFacts = (session: Session | undefined): Conditions => ({
  'aws:TokenIssueTime': session?.issuedAt,
  'aws:SourceIdentity': session?.sourceIdentity,
  'aws:FederatedProvider': session?.provider,
});

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
export const principalFacts = (principal: Principal): Conditions => ({
  'aws:PrincipalAccount': principal.account,
  'aws:PrincipalArn': principal.identityArn,
  'aws:PrincipalType': principal.type,
  'aws:userid': principal.userId,
});

export function timeFacts(env: Env): Conditions {
  const now = env.now();
  return { 'aws:CurrentTime': now.toISOString(), 'aws:EpochTime': String(Math.floor(now.getTime() / 1000)) };
}

/** AWS's sentence, https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
export function accessDeniedMessage({ principal, action }: Pick<AccessRequest, 'principal' | 'action'>, denial: Decision & { allowed: false }): string {
  const on = denial.resource === '*' ? '' : ` on resource: ${denial.resource}`;
  const article = denial.reason === 'identity-based policy' ? 'an' : 'a';
  const because = denial.explicit ? `with an explicit deny in ${article} ${denial.reason}` : `because no ${denial.reason} allows the ${action} action`;
  return `User: ${principal.arn} is not authorized to perform: ${action}${on} ${because}`;
}
