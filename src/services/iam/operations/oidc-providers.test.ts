import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { IAM, type CreateOpenIDConnectProviderCommandInput } from '@aws-sdk/client-iam';
import { ACCOUNT, refusal, type Served, served } from '../../../../test/served.ts';
import { iam } from '../index.ts';

const URL = 'https://oidc.eks.us-east-1.example.internal/id/0123456789ABCDEF0123456789ABCDEF';
const ARN = `arn:aws:iam::${ACCOUNT}:oidc-provider/${URL.slice('https://'.length)}`;
const THUMBPRINT = '9e99a48a9960b14926bb7f3b02e22da2b0ab7280';

describe('OpenID Connect providers', () => {
  let here: Served;
  let admin: IAM;
  before(async () => {
    here = await served([iam]);
    admin = new IAM(here.client());
  });
  after(() => here.close());
  const create = (input: Partial<CreateOpenIDConnectProviderCommandInput> = {}) => admin.createOpenIDConnectProvider({ Url: URL, ClientIDList: ['sts.amazonaws.com'], ThumbprintList: [THUMBPRINT], ...input });
  const get = () => admin.getOpenIDConnectProvider({ OpenIDConnectProviderArn: ARN });

  test('are made, told as AWS tells them, changed and deleted', async () => {
    assert.equal((await create({ Tags: [{ Key: 'team', Value: 'red' }] })).OpenIDConnectProviderArn, ARN);
    const { $metadata: _, CreateDate, ...provider } = await get();
    assert.ok(CreateDate instanceof Date);
    assert.deepEqual(provider, { Url: URL.slice('https://'.length), ClientIDList: ['sts.amazonaws.com'], ThumbprintList: [THUMBPRINT], Tags: [{ Key: 'team', Value: 'red' }] });
    assert.deepEqual((await admin.listOpenIDConnectProviders({})).OpenIDConnectProviderList, [{ Arn: ARN }]);
    assert.equal(await refusal(create()), `EntityAlreadyExists: Provider with url ${URL} already exists.`);

    for (const ClientID of ['mine', 'mine']) await admin.addClientIDToOpenIDConnectProvider({ OpenIDConnectProviderArn: ARN, ClientID });
    await admin.removeClientIDFromOpenIDConnectProvider({ OpenIDConnectProviderArn: ARN, ClientID: 'sts.amazonaws.com' });
    await admin.updateOpenIDConnectProviderThumbprint({ OpenIDConnectProviderArn: ARN, ThumbprintList: ['a'.repeat(40)] });
    await admin.tagOpenIDConnectProvider({ OpenIDConnectProviderArn: ARN, Tags: [{ Key: 'stage', Value: 'test' }] });
    await admin.untagOpenIDConnectProvider({ OpenIDConnectProviderArn: ARN, TagKeys: ['team'] });
    const { ClientIDList, ThumbprintList } = await get();
    assert.deepEqual([ClientIDList, ThumbprintList], [['mine'], ['a'.repeat(40)]]);
    assert.deepEqual((await admin.listOpenIDConnectProviderTags({ OpenIDConnectProviderArn: ARN })).Tags, [{ Key: 'stage', Value: 'test' }]);

    for (let time = 0; time < 2; time++) await admin.deleteOpenIDConnectProvider({ OpenIDConnectProviderArn: ARN });
    assert.equal(await refusal(get()), `NoSuchEntity: OpenIDConnect Provider not found for arn ${ARN}`);
  });

  test('are refused where they are not in order', async () => {
    for (const Url of ['http://example.com', 'example.com', 'https://example.com/?a=b']) assert.match(await refusal(create({ Url })), /Invalid Open ID Connect Provider URL$/);
    assert.equal(await refusal(create({ ThumbprintList: ['short'] })), "ValidationError: 1 validation error detected: Value '[short]' at 'thumbprintList' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 40, Member must have length greater than or equal to 40]");
    assert.equal(await refusal(create({ ThumbprintList: Array.from({ length: 6 }, (_, index) => String(index).repeat(40)) })), 'InvalidInput: Thumbprint list must contain fewer than 5 entries.');
    assert.equal(await refusal(create({ ClientIDList: Array.from({ length: 101 }, (_, index) => `client-${index}`) })), 'LimitExceeded: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100');
    assert.match(await refusal(create({ Url: 'https://nobody.invalid', ThumbprintList: [] })), /^OpenIdIdpCommunicationError: /);
    assert.deepEqual((await admin.listOpenIDConnectProviders({})).OpenIDConnectProviderList, []);
  });
});
