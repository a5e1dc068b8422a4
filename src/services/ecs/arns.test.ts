import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idIn, parseArn } from './arns.ts';

const arn = (resource: string) => `arn:aws:ecs:us-east-1:123456789012:${resource}`;

test('an ARN names a thing by as many parts as its type has: none that a policy lets through leads to another thing', () => {
  assert.deepEqual(parseArn(arn('service-deployment/shop/web/d1'))?.parts, ['shop', 'web', 'd1']);
  assert.deepEqual([idIn('shop', 'service', arn('service/shop/web')), idIn('shop', 'service', arn('service/web'))], ['web', 'web']);
  for (const odd of ['service/shop/dev-1/web', 'task/shop/a/b', 'service-deployment/shop/web/d1/dev-1']) assert.equal(parseArn(arn(odd)), undefined, odd);
  assert.throws(() => idIn('shop', 'service', arn('service/shop/dev-1/web')), { name: 'InvalidParameterException' });
});
