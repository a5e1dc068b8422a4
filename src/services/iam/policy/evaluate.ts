import { compileCondition, type Test } from './conditions.ts';
import type { Context } from './context.ts';
import { parsePolicy, type Principals, type Statement } from './grammar.ts';
import { actionMatcher, resourcePattern } from './patterns.ts';

/**
 * Policies compiled to functions, and their evaluation. Pure: the same text and question give the same verdict.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export interface CompiledPolicy {
  statements: CompiledStatement[];
}

export interface CompiledStatement {
  sid: string | undefined;
  effect: 'Allow' | 'Deny';
  principals: Principals | undefined;
  notPrincipals: Principals | undefined;
  /** Everything but the principal. */
  applies(question: Question): boolean;
  conditionsHold(context: Context): boolean;
}

export interface Question {
  /** `ecs:RunTask`, in any case. */
  action: string;
  /** An ARN, or `*` for an action without resources. */
  resource: string;
  context: Context;
}

export type Verdict = 'allowed' | 'explicitDeny' | 'implicitDeny';

/** How many compiled policies are kept; above that all are dropped, which costs one compilation each. */
const MOST_CACHED = 2000;
const cache = new Map<string, CompiledPolicy>();

/** Compiled once by content: this is on the path of every request. The text passed `validate.ts` when it was stored. */
export function compilePolicy(text: string): CompiledPolicy {
  let compiled = cache.get(text);
  if (!compiled) {
    const { version, statements } = parsePolicy(text);
    compiled = { statements: statements.map((statement) => compileStatement(statement, version === '2012-10-17')) };
    if (cache.size >= MOST_CACHED) cache.clear();
    cache.set(text, compiled);
  }
  return compiled;
}

function compileStatement(statement: Statement, withVariables: boolean): CompiledStatement {
  const action = statement.actions ?? statement.notActions;
  const matchesAction = action && actionMatcher(action);
  const wantsAction = statement.actions !== undefined;
  const resource = statement.resources ?? statement.notResources;
  const patterns = resource?.map((text) => resourcePattern(text, withVariables));
  const wantsResource = statement.resources !== undefined;
  const tests: Test[] = statement.conditions.map((condition) => compileCondition(condition, withVariables));
  const conditionsHold = (context: Context) => tests.every((test) => test(context));
  return {
    sid: statement.sid,
    effect: statement.effect,
    principals: statement.principals,
    notPrincipals: statement.notPrincipals,
    conditionsHold,
    applies({ action: asked, resource: on, context }) {
      if (matchesAction && matchesAction(asked.toLowerCase()) !== wantsAction) return false;
      // A trust policy has no resource: it is the role.
      if (patterns && patterns.some((pattern) => pattern(on, context)) !== wantsResource) return false;
      return conditionsHold(context);
    },
  };
}

/** A denial wins over everything; then one permission is enough. */
export function evaluate(policies: CompiledPolicy[], question: Question): Verdict {
  let verdict: Verdict = 'implicitDeny';
  for (const policy of policies) {
    for (const statement of policy.statements) {
      if (verdict === 'allowed' && statement.effect === 'Allow') continue;
      if (!statement.applies(question)) continue;
      if (statement.effect === 'Deny') return 'explicitDeny';
      verdict = 'allowed';
    }
  }
  return verdict;
}
