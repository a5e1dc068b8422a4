import type { EvaluationResult } from '@aws-sdk/client-iam';
import type { RequestContext } from '../../../control/service.ts';
import { nameIn } from '../arns.ts';
import { boundaryOf, identityPolicies, judge, type Policies } from '../decide.ts';
import { invalidInput } from '../errors.ts';
import { groupNamed, roleNamed, userNamed } from '../lookups.ts';
import { contextOf } from '../policy/context.ts';
import { compilePolicy, type Question } from '../policy/evaluate.ts';
import { faultOfIdentityPolicy } from '../policy/validate.ts';
import { type Family, page, type Paging } from './common.ts';

/** Asking what policies would say, with the same evaluator that says it. Resource policies and Organizations are not simulated. */

interface SimulationInput extends Paging {
  ActionNames: string[] | undefined;
  ResourceArns?: string[] | undefined;
  ContextEntries?: { ContextKeyName?: string | undefined; ContextKeyValues?: string[] | undefined }[] | undefined;
  PolicyInputList?: string[] | undefined;
  PermissionsBoundaryPolicyInputList?: string[] | undefined;
}

function simulate(policies: Policies, input: SimulationInput) {
  const context = contextOf(Object.fromEntries((input.ContextEntries ?? []).map(({ ContextKeyName = '', ContextKeyValues = [] }) => [ContextKeyName, ContextKeyValues])));
  const questions = (input.ActionNames ?? []).flatMap((action) => (input.ResourceArns ?? ['*']).map((resource) => ({ action, resource, context })));
  const { items, ...rest } = page(questions, input, ({ action, resource }) => `${action} ${resource}`);
  return { EvaluationResults: items.map((question) => answer(policies, question)), ...rest };
}

function answer(policies: Policies, question: Question): EvaluationResult {
  const decision = judge(policies, question);
  return {
    EvalActionName: question.action,
    EvalResourceName: question.resource,
    EvalDecision: decision.allowed ? 'allowed' : decision.explicit ? 'explicitDeny' : 'implicitDeny',
    MatchedStatements: [],
    MissingContextValues: [],
    ...(policies.boundary ? { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: judge({ identity: policies.boundary }, question).allowed } } : {}),
  };
}

function compiled(documents: string[] | undefined) {
  return (documents ?? []).map((document) => {
    const fault = faultOfIdentityPolicy(document);
    if (fault) throw invalidInput(fault);
    return compilePolicy(document);
  });
}

async function policiesOf(context: RequestContext, arn: string): Promise<Policies> {
  const kind = /^arn:aws:iam::\d{12}:(user|group|role)\//.exec(arn)?.[1];
  if (!kind) throw invalidInput(`Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
  const name = nameIn(arn);
  if (kind === 'group') return { identity: await identityPolicies(context, context, (await groupNamed(context, context, name)).value) };
  if (kind === 'role') {
    const { value: role } = await roleNamed(context, context, name);
    return { identity: await identityPolicies(context, context, role), boundary: await boundaryOf(context, context, role) };
  }
  const { value: user } = await userNamed(context, context, name);
  const groups = await Promise.all(user.groups.map(async (group) => (await groupNamed(context, context, group)).value));
  const identity = (await Promise.all([user, ...groups].map((owner) => identityPolicies(context, context, owner)))).flat();
  return { identity, boundary: await boundaryOf(context, context, user) };
}

const bounds = (input: SimulationInput) => (input.PermissionsBoundaryPolicyInputList?.length ? { boundary: compiled(input.PermissionsBoundaryPolicyInputList) } : {});

export const simulationOperations = {
  SimulateCustomPolicy: (input) => simulate({ identity: compiled(input.PolicyInputList), ...bounds(input) }, input),

  SimulatePrincipalPolicy: {
    resources: ({ PolicySourceArn = '*' }) => [PolicySourceArn],
    async run(input, context) {
      const { identity, boundary } = await policiesOf(context, input.PolicySourceArn ?? '');
      return simulate({ identity: [...identity, ...compiled(input.PolicyInputList)], boundary, ...bounds(input) }, input);
    },
  },
} satisfies Family;
