import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { invalid } from '../errors.ts';
import { page } from '../paging.ts';
import { accountSettings, type AccountSetting } from '../records.ts';

/** Names, the values they may have, and the default first: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html */
const SETTINGS: Record<string, string[]> = {
  awsvpcTrunking: ['disabled', 'enabled'],
  containerInsights: ['disabled', 'enabled', 'enhanced'],
  containerInstanceLongArnFormat: ['enabled'],
  defaultLogDriverMode: ['non-blocking', 'blocking'],
  fargateFIPSMode: ['disabled', 'enabled'],
  fargateTaskRetirementWaitPeriod: ['7', '0', '14'],
  guardDutyActivate: ['off', 'on'],
  serviceLongArnFormat: ['enabled'],
  tagResourceAuthorization: ['on', 'off'],
  taskLongArnFormat: ['enabled'],
};
const ROOT = 'root';

const rootArn = (context: RequestContext) => `arn:aws:iam::${context.account}:root`;
const isRoot = (context: RequestContext, principal: string) => principal === rootArn(context) || principal === ROOT;

function shape(context: RequestContext, { name, value, principal }: AccountSetting): Sdk.Setting {
  return { name: name as Sdk.SettingName, value, principalArn: principal === ROOT ? rootArn(context) : principal, type: name === 'guardDutyActivate' ? 'aws_managed' : 'user' };
}

async function put(context: RequestContext, name: string | undefined, value: string | undefined, principal: string): Promise<Sdk.Setting> {
  const allowed = SETTINGS[name ?? ''];
  if (!name || !allowed) throw invalid(`Unknown account setting: ${name}`);
  if (!value || !allowed.includes(value)) throw invalid(`Invalid value for ${name}: ${value}. Valid values: ${allowed.join(', ')}`);
  if (name === 'guardDutyActivate') throw invalid('guardDutyActivate is managed by AWS and cannot be changed.');
  const setting: AccountSetting = { name, value, principal: isRoot(context, principal) ? ROOT : principal };
  await context.store.commit([accountSettings.put(accountSettings.key(context, setting.principal, name), setting)]);
  return shape(context, setting);
}

export const accountSettingOperations = {
  async PutAccountSetting(input, context) {
    return { setting: await put(context, input.name, input.value, input.principalArn ?? context.principal.identityArn) };
  },

  async PutAccountSettingDefault(input, context) {
    return { setting: await put(context, input.name, input.value, ROOT) };
  },

  async DeleteAccountSetting(input, context) {
    const name = input.name ?? '';
    if (!SETTINGS[name]) throw invalid(`Unknown account setting: ${name}`);
    const principal = input.principalArn ?? context.principal.identityArn;
    const key = accountSettings.key(context, isRoot(context, principal) ? ROOT : principal, name);
    const current = await accountSettings.at(context.store, key);
    if (current) await context.store.commit([{ delete: key }]);
    return { setting: { name: input.name, principalArn: principal, ...(current && { value: current.value.value }) } };
  },

  async ListAccountSettings(input, context) {
    const principal = input.principalArn ?? context.principal.identityArn;
    const owner = isRoot(context, principal) ? ROOT : principal;
    const stored = (await accountSettings.list(context.store, context)).map((entry) => entry.value);
    const of = (who: string, name: string) => stored.find((setting) => setting.principal === who && setting.name === name);
    const all = Object.entries(SETTINGS).flatMap(([name, [initial = '']]) => {
      const own = of(owner, name);
      if (!input.effectiveSettings) return own ? [own] : [];
      return [own ?? of(ROOT, name) ?? { name, value: initial, principal: ROOT }];
    }).filter((setting) => (!input.name || setting.name === input.name) && (!input.value || setting.value === input.value));
    const { items, nextToken } = page(all, (setting) => setting.name, input);
    return { settings: items.map((setting) => shape(context, setting)), nextToken };
  },
} satisfies Partial<OperationTable<typeof Sdk>>;
