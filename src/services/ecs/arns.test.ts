import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idIn, parseArn } from './arns.ts';

const arn = (resource: string) => `arn:aws:ecs:us-east-1:123456789012:${resource}`;

const scope = { account: '123456789012', region: 'us-east-1' };

test('an ARN names a thing by as many parts as its type has: none that a policy lets through leads to another thing', () => {
  assert.deepEqual(parseArn(arn('service-deployment/shop/web/d1'))?.parts, ['shop', 'web', 'd1']);
  assert.deepEqual([idIn(scope, 'shop', 'service', arn('service/shop/web')), idIn(scope, 'shop', 'service', arn('service/web'))], ['web', 'web']);
  for (const odd of ['service/shop/dev-1/web', 'task/shop/a/b', 'service-deployment/shop/web/d1/dev-1']) assert.equal(parseArn(arn(odd)), undefined, odd);
  assert.throws(() => idIn(scope, 'shop', 'service', arn('service/shop/dev-1/web')), { name: 'InvalidParameterException' });
  assert.throws(() => idIn(scope, 'shop', 'service', 'arn:aws:ecs:eu-west-1:123456789012:service/shop/web'), { message: 'Identifier is for eu-west-1. Your region is us-east-1' });
  assert.throws(() => idIn(scope, 'shop', 'service', 'arn:aws:ecs:us-east-1:999999999999:service/shop/web'), { message: 'Identifier is for 999999999999. Your accountId is 123456789012' });
});
