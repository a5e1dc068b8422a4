import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  AddTagsToResourceCommand, DeleteParametersCommand, DescribeParametersCommand, GetParameterCommand, GetParameterHistoryCommand, GetParametersByPathCommand, GetParametersCommand,
  LabelParameterVersionCommand, ListTagsForResourceCommand, PutParameterCommand, SendCommandCommand, SSMClient,
} from '@aws-sdk/client-ssm';
import { startInstallation } from '../../../test/installation.ts';
import { imageId } from '../../wire/images.ts';

describe('Parameter Store by the SDK', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  let ssm: SSMClient;
  before(async () => {
    installation = await startInstallation();
    ssm = new SSMClient(installation.client);
  });
  after(async () => {
    ssm.destroy();
    await installation.close();
  });
  const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error) => error.name);
  const value = async (Name: string, WithDecryption = false) => (await ssm.send(new GetParameterCommand({ Name, WithDecryption }))).Parameter?.Value;

  it('names the machine image of ECS', async () => {
    assert.equal(await value('/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id'), imageId('ecs-optimized'));
    const all = JSON.parse((await value('/aws/service/ecs/optimized-ami/amazon-linux-2/recommended')) ?? '') as { image_id: string };
    assert.equal(all.image_id, imageId('ecs-optimized'));
    const { Parameters } = await ssm.send(new GetParametersByPathCommand({ Path: '/aws/service/ami-amazon-linux-latest' }));
    assert.ok(Parameters?.every(({ Value }) => Value === imageId('ecs-optimized')) && Parameters.length > 2);
  });

  it('names the machine image of EKS', async () => {
    assert.equal(await value(`/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/${process.arch === 'arm64' ? 'arm64' : 'x86_64'}/standard/recommended/image_id`), imageId('eks-optimized'));
  });

  it('keeps versions, labels and history', async () => {
    const Name = '/shop/db/host';
    assert.equal((await ssm.send(new PutParameterCommand({ Name, Value: 'one', Type: 'String' }))).Version, 1);
    assert.equal(await refusal(ssm.send(new PutParameterCommand({ Name, Value: 'two', Type: 'String' }))), 'ParameterAlreadyExists');
    assert.equal((await ssm.send(new PutParameterCommand({ Name, Value: 'two', Overwrite: true }))).Version, 2);
    await ssm.send(new LabelParameterVersionCommand({ Name, ParameterVersion: 1, Labels: ['prod', '1bad'] }));
    assert.deepEqual([await value(Name), await value(`${Name}:1`), await value(`${Name}:prod`), await value(`arn:aws:ssm:us-east-1:123456789012:parameter${Name}`)], ['two', 'one', 'one', 'two']);
    assert.equal(await refusal(value(`${Name}:9`)), 'ParameterVersionNotFound');
    const { Parameters } = await ssm.send(new GetParameterHistoryCommand({ Name }));
    assert.deepEqual(Parameters?.map(({ Version, Value, Labels }) => [Version, Value, Labels]), [[1, 'one', ['prod']], [2, 'two', []]]);
  });

  it('seals what is secret', async () => {
    const Name = '/shop/db/password';
    await ssm.send(new PutParameterCommand({ Name, Value: 'hunter2', Type: 'SecureString' }));
    assert.notEqual(await value(Name), 'hunter2');
    assert.equal(await value(Name, true), 'hunter2');
  });

  it('finds by path, by filter and by tag', async () => {
    await ssm.send(new PutParameterCommand({ Name: '/shop/name', Value: 'shop', Type: 'String' }));
    const under = async (Path: string, Recursive: boolean) => (await ssm.send(new GetParametersByPathCommand({ Path, Recursive }))).Parameters?.map(({ Name }) => Name);
    assert.deepEqual(await under('/shop', false), ['/shop/name']);
    assert.deepEqual(await under('/shop/', true), ['/shop/db/host', '/shop/db/password', '/shop/name']);
    await ssm.send(new AddTagsToResourceCommand({ ResourceType: 'Parameter', ResourceId: '/shop/name', Tags: [{ Key: 'team', Value: 'a' }] }));
    assert.deepEqual((await ssm.send(new ListTagsForResourceCommand({ ResourceType: 'Parameter', ResourceId: '/shop/name' }))).TagList, [{ Key: 'team', Value: 'a' }]);
    const { Parameters } = await ssm.send(new DescribeParametersCommand({ ParameterFilters: [{ Key: 'tag:team', Values: ['a'] }] }));
    assert.deepEqual(Parameters?.map(({ Name }) => Name), ['/shop/name']);
    const got = await ssm.send(new GetParametersCommand({ Names: ['/shop/name', 'absent'] }));
    assert.deepEqual([got.Parameters?.length, got.InvalidParameters], [1, ['absent']]);
    const gone = await ssm.send(new DeleteParametersCommand({ Names: ['/shop/name', 'absent'] }));
    assert.deepEqual([gone.DeletedParameters, gone.InvalidParameters], [['/shop/name'], ['absent']]);
  });

  it('refuses in the words of Systems Manager', async () => {
    assert.equal(await refusal(value('/shop/absent')), 'ParameterNotFound');
    const put = (Name: string, more = {}) => refusal(ssm.send(new PutParameterCommand({ Name, Value: 'x', Type: 'String', ...more })));
    assert.deepEqual([await put('a/b'), await put('/aws/x'), await put('ssm-x'), await put(`/${'a/'.repeat(16)}b`), await put('x', { AllowedPattern: '^y$' })],
      ['ValidationException', 'AccessDeniedException', 'ValidationException', 'HierarchyLevelLimitExceededException', 'ParameterPatternMismatchException']);
    assert.equal(await refusal(ssm.send(new SendCommandCommand({ DocumentName: 'AWS-RunShellScript' }))), 'NotImplemented');
  });
});
