import { readOperator } from './conditions.ts';
import { listOf } from './grammar.ts';

/**
 * What AWS refuses when a policy is stored, in its words. Each function answers the message of MalformedPolicyDocument, or `undefined`
 * for a policy in order. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */

const TOP = new Set(['Version', 'Id', 'Statement']);
const STATEMENT = new Set(['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']);
const PARTITIONS = new Set(['aws', 'aws-cn', 'aws-us-gov', '*']);
const SYNTAX = 'Syntax errors in policy.';

type Raw = Record<string, unknown>;

/** A managed or inline policy of a user, group or role; also a session policy. */
export function faultOfIdentityPolicy(text: string): string | undefined {
  const policy = objectOf(text);
  if (!policy || faultOfShape(policy)) return SYNTAX;
  if (policy['Version'] !== '2012-10-17') return 'Policy document must be version 2012-10-17 or greater.';
  const statements = listOf(policy['Statement']) as Raw[];
  const sids = statements.flatMap((statement) => (statement['Sid'] ? [statement['Sid']] : []));
  if (new Set(sids).size < sids.length) return 'Statement IDs (SID) in a single policy must be unique.';
  for (const statement of statements) {
    if ('Principal' in statement || 'NotPrincipal' in statement) return 'Policy document should not specify a principal.';
    const actions = listOf(statement['Action'] ?? statement['NotAction']) as string[];
    if (!actions.length) return 'Policy statement must contain actions.';
    const resources = listOf(statement['Resource'] ?? statement['NotResource']) as string[];
    if (!resources.length) return 'Policy statement must contain resources.';
    const fault = firstOf(actions, faultOfAction) ?? firstOf(resources, faultOfResource);
    if (fault) return fault;
  }
  return undefined;
}

/** A role's trust policy. Whether its principals exist is for the caller to see. */
export function faultOfTrustPolicy(text: string): string | undefined {
  const policy = objectOf(text);
  if (!policy) return 'This policy contains invalid Json';
  const statements = listOf(policy['Statement']) as Raw[];
  if (!statements.every(isObject)) return SYNTAX;
  for (const statement of statements) {
    if ('Resource' in statement || 'NotResource' in statement) return 'Has prohibited field Resource';
    if (!('Principal' in statement) && !('NotPrincipal' in statement)) return 'Missing required field Principal';
    if (!('Action' in statement) && !('NotAction' in statement)) return 'Missing required field Action';
  }
  if (faultOfShape(policy)) return SYNTAX;
  for (const statement of statements) {
    const actions = listOf(statement['Action'] ?? statement['NotAction']) as string[];
    if (!actions.every((action) => /^sts:/i.test(action))) return 'AssumeRole policy may only specify STS AssumeRole actions.';
    const services = (isObject(statement['Principal']) ? listOf(statement['Principal']['Service']) : []) as string[];
    const wrong = services.find((service) => !/^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/.test(service));
    if (wrong !== undefined) return `Invalid principal in policy: "SERVICE":"${wrong}"`;
  }
  return undefined;
}

/** True where members, their types or the elements' combinations are wrong. */
function faultOfShape(policy: Raw): boolean {
  if (!Object.keys(policy).every((name) => TOP.has(name))) return true;
  if (!['undefined', 'string'].includes(typeof policy['Id'])) return true;
  if (!['2008-10-17', '2012-10-17', undefined].includes(policy['Version'] as string)) return true;
  const statements = listOf(policy['Statement']);
  return statements.length === 0 || !statements.every((statement) => isObject(statement) && statementIsWhole(statement));
}

function statementIsWhole(statement: Raw): boolean {
  if (!Object.keys(statement).every((name) => STATEMENT.has(name))) return false;
  if (statement['Effect'] !== 'Allow' && statement['Effect'] !== 'Deny') return false;
  const sid = statement['Sid'] ?? '';
  if (typeof sid !== 'string' || !/^[A-Za-z0-9]*$/.test(sid)) return false;
  for (const name of ['Action', 'Resource', 'Principal']) if (name in statement && `Not${name}` in statement) return false;
  const listed = ['Action', 'NotAction', 'Resource', 'NotResource'];
  if (!listed.every((name) => listOf(statement[name]).every((value) => typeof value === 'string'))) return false;
  for (const name of ['Principal', 'NotPrincipal']) if (name in statement && !isPrincipal(statement[name])) return false;
  return !('Condition' in statement) || isCondition(statement['Condition']);
}

function isPrincipal(value: unknown): boolean {
  if (typeof value === 'string') return value === '*';
  // A kind may have nobody (`"Service": []`), as generated policies do, as long as another has.
  return isObject(value) && Object.values(value).some((names) => listOf(names).length > 0) && Object.entries(value).every(([kind, names]) =>
    ['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(kind) && listOf(names).every((name) => typeof name === 'string'));
}

function isCondition(value: unknown): boolean {
  return isObject(value) && Object.entries(value).every(([operator, keys]) => readOperator(operator) && isObject(keys) &&
    Object.values(keys).every((values) => listOf(values).every((one) => ['string', 'boolean', 'number'].includes(typeof one))));
}

function faultOfAction(action: string): string | undefined {
  if (action === '*') return undefined;
  const [vendor = '', ...names] = action.split(':');
  if (!names.length) return 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
  if (names.length > 1) return 'Actions/Condition can contain only one colon.';
  return /[^a-zA-Z0-9\-.*?]/.test(vendor) ? `Vendor ${vendor} is not valid` : undefined;
}

function faultOfResource(resource: string): string | undefined {
  if (resource === '*') return undefined;
  const [arn, partition = '', vendor = '', region = ''] = resource.split(':');
  if (arn !== 'arn' || resource.split(':').length < 3) return `Resource ${resource} must be in ARN format or "*".`;
  if (!PARTITIONS.has(partition) && !partition.includes('${')) return `Partition "${partition}" is not valid for resource "${resource}".`;
  if (/[*?]/.test(vendor) && vendor !== '*') return 'Resource vendor must be fully qualified and cannot contain regexes.';
  return vendor === 'iam' && region && region !== '*' ? `IAM resource ${resource} cannot contain region information.` : undefined;
}

function objectOf(text: string): Raw | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value);

function firstOf(values: string[], fault: (value: string) => string | undefined): string | undefined {
  for (const value of values) {
    const found = fault(value);
    if (found) return found;
  }
  return undefined;
}
