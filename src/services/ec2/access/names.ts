import { AwsError } from '../../../control/error.ts';
import type { RequestContext } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import { findTemplate } from '../launch/template.ts';
import { byAllocationOrAddress } from '../operations/addresses.ts';
import { groupByIdOrName } from '../operations/security-groups.ts';
import { names } from '../records.ts';

/**
 * The ids of resources that a request may name otherwise. One that is not there is undefined and no error: who may not do the thing is
 * not told whether it exists.
 */
type Maybe<K extends string> = { [P in K]?: string | undefined };

export const groupId = async (context: RequestContext, input: Maybe<'GroupId' | 'GroupName'>) => input.GroupId ?? idOf(() => groupByIdOrName(context, input));
export const addressId = async (context: RequestContext, input: Maybe<'AllocationId' | 'PublicIp'>) => input.AllocationId ?? idOf(() => byAllocationOrAddress(context, input));
export const templateId = async (context: RequestContext, input: Maybe<'LaunchTemplateId' | 'LaunchTemplateName'>) =>
  input.LaunchTemplateId ?? idOf(() => findTemplate(context, context, { LaunchTemplateId: undefined, LaunchTemplateName: input.LaunchTemplateName }));
/** The name itself where no pair has it: a key pair's ARN has its name. */
export const keyPairId = async (context: RequestContext, input: Maybe<'KeyPairId' | 'KeyName'>) =>
  input.KeyPairId ?? (await names.get(context.store, context, 'key-pair', input.KeyName ?? ''))?.value ?? input.KeyName;

async function idOf(find: () => Promise<Entry<{ id: string }>>): Promise<string | undefined> {
  try {
    return (await find()).value.id;
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}
