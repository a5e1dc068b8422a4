import type { AssumeRoleCommandInput } from '@aws-sdk/client-sts';
import type { RequestContext } from '../../control/service.ts';
import { assumeRole as assume, faultOfIdentityPolicy } from '../iam/index.ts';
import { malformedPolicyDocument, notMatching, packedPolicyTooLarge } from './errors.ts';

const MOST_POLICY_CHARACTERS = 2048;
const SESSION_NAME = /^[\w+=,.@-]*$/;

/** Checks the request; whether it is granted is IAM's to say. */
export async function assumeRole(input: AssumeRoleCommandInput, context: RequestContext) {
  const tags = Object.fromEntries((input.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  const { size, ...session } = sessionOf(input, tags);
  const { credentials, assumedRoleUser } = await assume(context, context, {
    ...session,
    principal: context.principal,
    conditions: { 'aws:SourceIp': context.sourceIp },
    tags,
    transitiveTagKeys: input.TransitiveTagKeys ?? [],
    ...(input.ExternalId === undefined ? {} : { externalId: input.ExternalId }),
    ...(input.SourceIdentity === undefined ? {} : { sourceIdentity: checkText(input.SourceIdentity, 'sourceIdentity', 2, 64) }),
  });
  return {
    Credentials: { ...credentials, Expiration: new Date(credentials.Expiration) },
    AssumedRoleUser: assumedRoleUser,
    ...(size ? { PackedPolicySize: size } : {}),
    ...(input.SourceIdentity === undefined ? {} : { SourceIdentity: input.SourceIdentity }),
  };
}

/** What a session is to be, checked, whoever asks for it; `size` as `PackedPolicySize` tells it. */
export function sessionOf(input: Asked, tags: Record<string, string> = {}) {
  return {
    size: packedSize(input, tags),
    roleArn: input.RoleArn ?? '',
    sessionName: checkText(input.RoleSessionName ?? '', 'roleSessionName', 2, 64),
    policyArns: (input.PolicyArns ?? []).flatMap(({ arn }) => (arn === undefined ? [] : [arn])),
    ...(input.DurationSeconds === undefined ? {} : { durationSeconds: checkDuration(input.DurationSeconds, 43200) }),
    ...(input.Policy === undefined ? {} : { policy: checkPolicy(input.Policy) }),
  };
}

type Asked = Pick<AssumeRoleCommandInput, 'RoleArn' | 'RoleSessionName' | 'PolicyArns' | 'Policy' | 'DurationSeconds'>;

export function checkDuration(seconds: number, most: number): number {
  if (seconds < 900) throw notMatching(seconds, 'durationSeconds', 'Member must have value greater than or equal to 900');
  if (seconds > most) throw notMatching(seconds, 'durationSeconds', `Member must have value less than or equal to ${most}`);
  return seconds;
}

function checkText(text: string, member: string, least: number, most: number): string {
  if (text.length < least) throw notMatching(text, member, `Member must have length greater than or equal to ${least}`);
  if (text.length > most) throw notMatching(text, member, `Member must have length less than or equal to ${most}`);
  if (!SESSION_NAME.test(text)) throw notMatching(text, member, 'Member must satisfy regular expression pattern: [\\w+=,.@-]*');
  return text;
}

function checkPolicy(policy: string): string {
  const fault = faultOfIdentityPolicy(policy);
  if (fault) throw malformedPolicyDocument(fault);
  return policy;
}

/** Percent of what a session may carry. AWS packs into a binary form of its own; characters are what this counts. */
function packedSize({ Policy = '', PolicyArns = [] }: Asked, tags: Record<string, string>): number {
  const characters = [Policy, ...PolicyArns.map(({ arn = '' }) => arn), ...Object.entries(tags).flat()].join('').length;
  const percent = Math.ceil((100 * characters) / MOST_POLICY_CHARACTERS);
  if (percent > 100) throw packedPolicyTooLarge(percent);
  return percent;
}
