import { failure } from '../errors.ts';

/** Lifecycle policies: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
export interface LifecycleRule {
  rulePriority: number;
  tagStatus: 'tagged' | 'untagged' | 'any';
  /** Wildcards, one of which each must match a tag of the image; prefixes end with `*`. Empty: any tags. */
  tagPatterns: string[];
  count: { type: 'imageCountMoreThan'; number: number } | { type: 'sinceImagePushed'; days: number };
}

const invalid = (why: string) => failure('InvalidParameterException', `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${why}'`);

type Raw = Record<string, unknown>;

/** In order of priority. Throws InvalidParameterException. */
export function parseLifecyclePolicy(text: string): LifecycleRule[] {
  const { rules } = objectOf(parsed(text), 'the policy', ['rules']);
  if (!Array.isArray(rules) || !rules.length) throw invalid("'rules' must be a list with at least one rule");
  const found = rules.map(ruleOf).sort((a, b) => a.rulePriority - b.rulePriority);
  const twice = found.find((rule, index) => found[index + 1]?.rulePriority === rule.rulePriority);
  if (twice) throw invalid(`the rule priority ${twice.rulePriority} is used more than once`);
  const any = found.findIndex((rule) => rule.tagStatus === 'any');
  if (any >= 0 && any < found.length - 1) throw invalid("the rule with tagStatus 'any' must have the highest value of rulePriority, and there can be one only");
  if (found.filter((rule) => rule.tagStatus === 'untagged').length > 1) throw invalid("there can be one rule only with tagStatus 'untagged'");
  return found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
}

function objectOf(value: unknown, what: string, members: string[]): Raw {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${what} must be an object`);
  const unknown = Object.keys(value).find((member) => !members.includes(member));
  if (unknown) throw invalid(`${what} has an unknown member '${unknown}'`);
  return value as Raw;
}

function ruleOf(value: unknown): LifecycleRule {
  const rule = objectOf(value, 'a rule', ['rulePriority', 'description', 'selection', 'action']);
  const selection = objectOf(rule.selection, "'selection'", ['tagStatus', 'tagPrefixList', 'tagPatternList', 'countType', 'countUnit', 'countNumber', 'storageClass']);
  if (objectOf(rule.action, "'action'", ['type', 'targetStorageClass']).type !== 'expire') throw invalid("the action type must be 'expire'");
  if (selection.storageClass !== undefined && selection.storageClass !== 'standard') throw invalid("the storage class must be 'standard'");
  const { tagStatus } = selection;
  if (tagStatus !== 'tagged' && tagStatus !== 'untagged' && tagStatus !== 'any') throw invalid("tagStatus must be one of 'tagged', 'untagged', 'any'");
  const [prefixes, patterns] = [textsOf(selection.tagPrefixList, 'tagPrefixList'), textsOf(selection.tagPatternList, 'tagPatternList')];
  if (tagStatus === 'tagged' && (prefixes === undefined) === (patterns === undefined)) throw invalid("a rule with tagStatus 'tagged' must have either tagPrefixList or tagPatternList");
  if (tagStatus !== 'tagged' && (prefixes ?? patterns)) throw invalid(`a rule with tagStatus '${tagStatus}' cannot have tagPrefixList or tagPatternList`);
  return { rulePriority: positive(rule.rulePriority, 'rulePriority'), tagStatus, tagPatterns: patterns ?? prefixes?.map((prefix) => `${prefix}*`) ?? [], count: countOf(selection) };
}

function countOf({ countType, countUnit, countNumber }: Raw): LifecycleRule['count'] {
  const number = positive(countNumber, 'countNumber');
  if (countType === 'imageCountMoreThan') {
    if (countUnit !== undefined) throw invalid("countUnit cannot be used with countType 'imageCountMoreThan'");
    return { type: countType, number };
  }
  if (countType !== 'sinceImagePushed') throw invalid("countType must be one of 'imageCountMoreThan', 'sinceImagePushed'");
  if (countUnit !== 'days') throw invalid("countUnit must be 'days' with countType 'sinceImagePushed'");
  return { type: countType, days: number };
}

function positive(value: unknown, member: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) throw invalid(`'${member}' must be an integer of at least 1`);
  return value as number;
}

function textsOf(value: unknown, member: string): string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.length || !value.every((text) => typeof text === 'string' && text !== '')) throw invalid(`'${member}' must be a list of texts`);
  return value as string[];
}
