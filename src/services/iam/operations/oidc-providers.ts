import type { RequestContext } from '../../../control/service.ts';
import { providerArn } from '../arns.ts';
import { entityAlreadyExists, invalidInput, openIdIdpCommunicationError, quotaExceeded, validationError } from '../errors.ts';
import { toSeconds } from '../ids.ts';
import { findProvider, providerWithArn } from '../lookups.ts';
import { topThumbprint, withoutScheme } from '../oidc.ts';
import { globally, type OpenIdConnectProvider, openIdConnectProviders } from '../records.ts';
import { type Family, tagList, tagsFrom, transact } from './common.ts';
import { newProvider, onProvider } from './targets.ts';

/** OpenID Connect providers: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html */

const MOST_PROVIDERS = 100;
const MOST_CLIENT_IDS = 100;
const MOST_THUMBPRINTS = 5;

function checkUrl(url = ''): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'https:' || parsed.search || parsed.hash || parsed.username) throw validationError('Invalid Open ID Connect Provider URL');
  return withoutScheme(url);
}

function checkClientIds(ids: string[] = []): string[] {
  const distinct = [...new Set(ids)];
  if (distinct.length > MOST_CLIENT_IDS) throw quotaExceeded('ClientIdsPerOpenIdConnectProvider', MOST_CLIENT_IDS);
  return distinct;
}

function checkThumbprints(thumbprints: string[]): string[] {
  if (!thumbprints.every((one) => /^[0-9a-f]+$/i.test(one))) throw invalidInput('Invalid thumbprint: it must be the hexadecimal SHA-1 hash of a certificate.');
  if (thumbprints.length > MOST_THUMBPRINTS) throw invalidInput(`Thumbprint list must contain fewer than ${MOST_THUMBPRINTS} entries.`);
  return [...new Set(thumbprints)];
}

async function thumbprintsOf(url: string, given: string[] = []): Promise<string[]> {
  if (given.length) return checkThumbprints(given);
  const found = await topThumbprint(url).catch(() => undefined);
  if (found === undefined) throw openIdIdpCommunicationError();
  return [found];
}

const change = (context: RequestContext, arn: string | undefined, next: (provider: OpenIdConnectProvider) => OpenIdConnectProvider) => transact(context, async () => {
  const { key, value, revision } = await providerWithArn(context, context, arn ?? '');
  return { changes: [openIdConnectProviders.put(key, next(value), revision)], result: {} };
});

export const providerOperations = {
  CreateOpenIDConnectProvider: {
    ...newProvider,
    async run(input, context) {
      const url = checkUrl(input.Url);
      const provider: OpenIdConnectProvider = {
        url, clientIds: checkClientIds(input.ClientIDList), thumbprints: await thumbprintsOf(input.Url ?? '', input.ThumbprintList),
        createdAt: toSeconds(context.now()), tags: tagsFrom(input.Tags),
      };
      const scope = globally(context);
      return transact(context, async () => {
        const others = await openIdConnectProviders.list(context.store, scope);
        if (others.some(({ value }) => value.url === url)) throw entityAlreadyExists(`Provider with url ${input.Url} already exists.`);
        if (others.length >= MOST_PROVIDERS) throw quotaExceeded('OpenIdConnectProvidersPerAccount', MOST_PROVIDERS);
        return {
          changes: [openIdConnectProviders.put(openIdConnectProviders.key(scope, url), provider, 0)],
          result: { OpenIDConnectProviderArn: providerArn(context.account, provider), Tags: tagList(provider.tags) },
        };
      });
    },
  },

  GetOpenIDConnectProvider: {
    ...onProvider,
    async run(input, context) {
      const { url, clientIds, thumbprints, createdAt, tags } = (await providerWithArn(context, context, input.OpenIDConnectProviderArn ?? '')).value;
      return { Url: url, ClientIDList: clientIds, ThumbprintList: thumbprints, CreateDate: new Date(createdAt), Tags: tagList(tags) };
    },
  },

  ListOpenIDConnectProviders: async (_input, context) => ({
    OpenIDConnectProviderList: (await openIdConnectProviders.list(context.store, globally(context))).map(({ value }) => ({ Arn: providerArn(context.account, value) })),
  }),

  /** One that is not there is no error. */
  DeleteOpenIDConnectProvider: {
    ...onProvider,
    run: (input, context) => transact(context, async () => {
      const found = await findProvider(context, context, input.OpenIDConnectProviderArn ?? '');
      return { changes: found ? [{ delete: found.key, expect: found.revision }] : [], result: {} };
    }),
  },

  AddClientIDToOpenIDConnectProvider: {
    ...onProvider,
    run: (input, context) => change(context, input.OpenIDConnectProviderArn, (provider) => ({ ...provider, clientIds: checkClientIds([...provider.clientIds, input.ClientID ?? '']) })),
  },

  RemoveClientIDFromOpenIDConnectProvider: {
    ...onProvider,
    run: (input, context) => change(context, input.OpenIDConnectProviderArn, (provider) => ({ ...provider, clientIds: provider.clientIds.filter((id) => id !== input.ClientID) })),
  },

  UpdateOpenIDConnectProviderThumbprint: {
    ...onProvider,
    run: (input, context) => change(context, input.OpenIDConnectProviderArn, (provider) => ({ ...provider, thumbprints: checkThumbprints(input.ThumbprintList ?? []) })),
  },
} satisfies Family;
