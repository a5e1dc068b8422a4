import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Conditions } from '../../../control/service.ts';
import { contextOf } from './context.ts';
import { compilePolicy, evaluate } from './evaluate.ts';
import { evaluateTrust } from './trust.ts';
import { faultOfIdentityPolicy, faultOfTrustPolicy } from './validate.ts';

const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = (rest: object) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...rest });
const deny = (rest: object) => ({ Effect: 'Deny', Action: '*', Resource: '*', ...rest });
const verdict = (texts: string[], action: string, resource = '*', context: Conditions = {}) =>
  evaluate(texts.map(compilePolicy), { action, resource, context: contextOf(context) });
const holds = (Condition: object, context: Conditions) => verdict([policy(allow({ Condition }))], 'a:B', '*', context) === 'allowed';

describe('effect', () => {
  test('nothing said is no', () => assert.equal(verdict([], 'ecs:RunTask'), 'implicitDeny'));
  test('one permission is enough', () => assert.equal(verdict([policy(allow({ Action: 'ec2:*' })), policy(allow({ Action: 'ecs:RunTask' }))], 'ecs:RunTask'), 'allowed'));
  test('a denial wins wherever it stands', () => {
    assert.equal(verdict([policy(allow({})), policy(deny({ Action: 'ecs:RunTask' }))], 'ecs:RunTask'), 'explicitDeny');
    assert.equal(verdict([policy(deny({ Action: 'ecs:RunTask' }), allow({}))], 'ecs:RunTask'), 'explicitDeny');
    assert.equal(verdict([policy(deny({ Action: 'ecs:RunTask' }), allow({}))], 'ecs:StopTask'), 'allowed');
  });
  test('a lone statement needs no list', () => {
    assert.equal(verdict([JSON.stringify({ Version: '2012-10-17', Statement: allow({}) })], 'ecs:RunTask'), 'allowed');
  });
});

describe('actions', () => {
  const cases: [string | string[], string, boolean][] = [
    ['ecs:RunTask', 'ecs:RunTask', true],
    ['ECS:runtask', 'ecs:RunTask', true],
    ['ecs:Run*', 'ecs:RunTask', true],
    ['ecs:Run????', 'ecs:RunTask', true],
    ['ecs:Run???', 'ecs:RunTask', false],
    ['ecs:*Task*', 'ecs:DescribeTasks', true],
    ['ec*:Describe*', 'ecs:DescribeTasks', true],
    ['*:Describe*', 'ecs:DescribeTasks', true],
    ['ec2:*', 'ecs:RunTask', false],
    ['*', 'ecs:RunTask', true],
    [['ec2:RunInstances', 'ecs:RunTask'], 'ecs:RunTask', true],
    ['ecs.RunTask', 'ecs:RunTask', false],
  ];
  for (const [Action, asked, wanted] of cases) {
    test(`${String(Action)} ${wanted ? 'covers' : 'does not cover'} ${asked}`, () => {
      assert.equal(verdict([policy(allow({ Action }))], asked), wanted ? 'allowed' : 'implicitDeny');
    });
  }
  test('NotAction covers all others', () => {
    const text = policy({ Effect: 'Allow', NotAction: ['iam:*', 'organizations:*'], Resource: '*' });
    assert.equal(verdict([text], 'iam:CreateUser'), 'implicitDeny');
    assert.equal(verdict([text], 'ecs:RunTask'), 'allowed');
  });
});

describe('resources', () => {
  const task = 'arn:aws:ecs:us-east-1:123456789012:task/shop/0123';
  const cases: [string, string, boolean][] = [
    [task, task, true],
    ['arn:aws:ecs:*:*:task/*/*', task, true],
    ['arn:aws:ecs:*:*:task/*', task, true],
    ['arn:aws:ecs:us-east-1:123456789012:task/shop/012?', task, true],
    ['arn:aws:ecs:us-west-2:*:task/*', task, false],
    ['arn:aws:ecs:*:123456789012:service/*', task, false],
    ['arn:aws:ecs:us-*:123456789012:task/shop/*', task, true],
    ['arn:aws:ecs:*', task, true],
    ['arn:aws:ecs', task, true],
    ['arn:aws:ec*s:us-east-1:123456789012:task/*', 'arn:aws:ec2:x:s:us-east-1:123456789012:task/1', false],
    ['arn:aws:s3:::shop/*', 'arn:aws:s3:::shop/a/b:c', true],
    ['arn:aws:s3:::shop/*', 'arn:aws:s3:::shopping/a', false],
    ['arn:aws:iam::*:user/Bob', 'arn:aws:iam::123456789012:user/bob', false],
    ['arn:aws:logs:*:*:log-group:/shop:*', 'arn:aws:logs:us-east-1:123456789012:log-group:/shop:log-stream:web/1', true],
    ['*', task, true],
  ];
  for (const [Resource, on, wanted] of cases) {
    test(`${Resource} ${wanted ? 'covers' : 'does not cover'} ${on}`, () => {
      assert.equal(verdict([policy(allow({ Resource }))], 'a:B', on), wanted ? 'allowed' : 'implicitDeny');
    });
  }
  test('NotResource covers all others', () => {
    const text = policy({ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::secret/*' });
    assert.equal(verdict([text], 's3:GetObject', 'arn:aws:s3:::secret/key'), 'implicitDeny');
    assert.equal(verdict([text], 's3:GetObject', 'arn:aws:s3:::open/key'), 'allowed');
  });
  test('a resource asked about as * is covered by * alone', () => {
    assert.equal(verdict([policy(allow({ Resource: 'arn:aws:ecs:*:*:cluster/*' }))], 'ecs:ListClusters', '*'), 'implicitDeny');
  });
});

describe('policy variables', () => {
  const home = policy(allow({ Resource: 'arn:aws:s3:::home/${aws:username}/*' }));
  test('stand for the request’s values', () => {
    assert.equal(verdict([home], 's3:GetObject', 'arn:aws:s3:::home/ann/x', { 'aws:username': 'ann' }), 'allowed');
    assert.equal(verdict([home], 's3:GetObject', 'arn:aws:s3:::home/bob/x', { 'aws:username': 'ann' }), 'implicitDeny');
  });
  test('match nothing where there is no value', () => assert.equal(verdict([home], 's3:GetObject', 'arn:aws:s3:::home//x'), 'implicitDeny'));
  test('a wildcard in a value is no wildcard', () => {
    assert.equal(verdict([home], 's3:GetObject', 'arn:aws:s3:::home/bob/x', { 'aws:username': '*' }), 'implicitDeny');
  });
  test('have defaults', () => {
    const team = policy(allow({ Resource: "arn:aws:s3:::${aws:PrincipalTag/team, 'everyone'}/*" }));
    assert.equal(verdict([team], 's3:GetObject', 'arn:aws:s3:::everyone/x'), 'allowed');
    assert.equal(verdict([team], 's3:GetObject', 'arn:aws:s3:::red/x', { 'aws:PrincipalTag/team': 'red' }), 'allowed');
  });
  test('${*} is an asterisk', () => {
    const star = policy(allow({ Resource: 'arn:aws:s3:::shop/${*}' }));
    assert.equal(verdict([star], 's3:GetObject', 'arn:aws:s3:::shop/*'), 'allowed');
    assert.equal(verdict([star], 's3:GetObject', 'arn:aws:s3:::shop/a'), 'implicitDeny');
  });
  test('are text in policies of 2008', () => {
    const old = JSON.stringify({ Version: '2008-10-17', Statement: allow({ Resource: 'arn:aws:s3:::home/${aws:username}' }) });
    assert.equal(verdict([old], 's3:GetObject', 'arn:aws:s3:::home/ann', { 'aws:username': 'ann' }), 'implicitDeny');
    assert.equal(verdict([old], 's3:GetObject', 'arn:aws:s3:::home/${aws:username}'), 'allowed');
  });
  test('work in conditions', () => {
    const Condition = { StringEquals: { 'aws:ResourceTag/owner': '${aws:username}' } };
    assert.ok(holds(Condition, { 'aws:ResourceTag/owner': 'ann', 'aws:username': 'ann' }));
    assert.ok(!holds(Condition, { 'aws:ResourceTag/owner': 'ann', 'aws:username': 'bob' }));
  });
});

describe('conditions', () => {
  const cases: [string, object, Conditions, boolean][] = [
    ['equal', { StringEquals: { k: 'a' } }, { K: 'a' }, true],
    ['case matters', { StringEquals: { k: 'a' } }, { k: 'A' }, false],
    ['one of several', { StringEquals: { k: ['a', 'b'] } }, { k: 'b' }, true],
    ['all keys', { StringEquals: { k: 'a', l: 'b' } }, { k: 'a' }, false],
    ['all operators', { StringEquals: { k: 'a' }, Bool: { s: 'true' } }, { k: 'a', s: 'false' }, false],
    ['absent is unequal', { StringEquals: { k: 'a' } }, {}, false],
    ['absent holds IfExists', { StringEqualsIfExists: { k: 'a' } }, {}, true],
    ['present is compared IfExists', { StringEqualsIfExists: { k: 'a' } }, { k: 'b' }, false],
    ['not equal', { StringNotEquals: { k: ['a', 'b'] } }, { k: 'c' }, true],
    ['not equal to any', { StringNotEquals: { k: ['a', 'b'] } }, { k: 'b' }, false],
    ['absent is not equal', { StringNotEquals: { k: 'a' } }, {}, true],
    ['case ignored', { StringEqualsIgnoreCase: { k: 'Shop' } }, { k: 'sHOP' }, true],
    ['case ignored, not', { StringNotEqualsIgnoreCase: { k: 'Shop' } }, { k: 'sHOP' }, false],
    ['like', { StringLike: { k: 'shop/*-?' } }, { k: 'shop/web-1' }, true],
    ['like is anchored', { StringLike: { k: 'web' } }, { k: 'web1' }, false],
    ['not like', { StringNotLike: { k: 'shop/*' } }, { k: 'store/1' }, true],
    ['no wildcards in equals', { StringEquals: { k: '*' } }, { k: 'a' }, false],
    ['number', { NumericEquals: { k: '10' } }, { k: '10.0' }, true],
    ['number less', { NumericLessThan: { k: 10 } }, { k: '9' }, true],
    ['number no less', { NumericLessThan: { k: 10 } }, { k: '10' }, false],
    ['number at most', { NumericLessThanEquals: { k: 10 } }, { k: '10' }, true],
    ['number more', { NumericGreaterThan: { k: 10 } }, { k: '11' }, true],
    ['number at least', { NumericGreaterThanEquals: { k: 10 } }, { k: '9' }, false],
    ['no number', { NumericEquals: { k: '10' } }, { k: 'ten' }, false],
    ['date before', { DateLessThan: { k: '2030-01-01T00:00:00Z' } }, { k: '2026-11-21T14:00:00Z' }, true],
    ['date by seconds', { DateGreaterThan: { k: '1700000000' } }, { k: '2026-11-21T14:00:00Z' }, true],
    ['date not after', { DateGreaterThanEquals: { k: '2030-01-01' } }, { k: '2026-11-21T14:00:00Z' }, false],
    ['bool', { Bool: { k: true } }, { k: 'true' }, true],
    ['bool false', { Bool: { k: 'false' } }, { k: 'true' }, false],
    ['binary', { BinaryEquals: { k: 'QmluYXJ5' } }, { k: 'QmluYXJ5' }, true],
    ['address', { IpAddress: { k: ['10.0.0.0/8', '203.0.113.7'] } }, { k: '10.9.8.7' }, true],
    ['one address', { IpAddress: { k: '203.0.113.7' } }, { k: '203.0.113.8' }, false],
    ['IPv6', { IpAddress: { k: '2001:db8::/32' } }, { k: '2001:db8:1::1' }, true],
    ['IPv4 in IPv6', { IpAddress: { k: '127.0.0.0/8' } }, { k: '::ffff:127.0.0.1' }, true],
    ['not address', { NotIpAddress: { k: '10.0.0.0/8' } }, { k: '10.9.8.7' }, false],
    ['arn', { ArnLike: { k: 'arn:aws:ecs:*:*:cluster/sh*' } }, { k: 'arn:aws:ecs:us-east-1:1:cluster/shop' }, true],
    ['arn equals has wildcards too', { ArnEquals: { k: 'arn:aws:ecs:*:*:cluster/*' } }, { k: 'arn:aws:ecs:us-east-1:1:cluster/shop' }, true],
    ['arn by segment', { ArnLike: { k: 'arn:aws:*:cluster/shop' } }, { k: 'arn:aws:ecs:us-east-1:1:cluster/shop' }, false],
    ['arn not', { ArnNotLike: { k: 'arn:aws:ecs:*:*:cluster/shop' } }, { k: 'arn:aws:ecs:us-east-1:1:cluster/shop' }, false],
    ['null: absent', { Null: { k: 'true' } }, {}, true],
    ['null: absent, though present', { Null: { k: 'true' } }, { k: 'a' }, false],
    ['null: present', { Null: { k: false } }, { k: 'a' }, true],
    ['all values', { 'ForAllValues:StringEquals': { k: ['a', 'b'] } }, { k: ['a', 'b'] }, true],
    ['not all values', { 'ForAllValues:StringEquals': { k: ['a', 'b'] } }, { k: ['a', 'c'] }, false],
    ['all of none', { 'ForAllValues:StringEquals': { k: 'a' } }, {}, true],
    ['any value', { 'ForAnyValue:StringLike': { k: 'a*' } }, { k: ['b', 'ab'] }, true],
    ['any of none', { 'ForAnyValue:StringEquals': { k: 'a' } }, { k: [] }, false],
    ['any unequal', { 'ForAnyValue:StringNotEquals': { k: 'a' } }, { k: ['a', 'b'] }, true],
    ['all unequal', { 'ForAllValues:StringNotEquals': { k: 'a' } }, { k: ['a', 'b'] }, false],
    ['operators ignore case', { stringequals: { k: 'a' } }, { k: 'a' }, true],
    ['no such operator', { StringIs: { k: 'a' } }, { k: 'a' }, false],
  ];
  for (const [name, condition, context, wanted] of cases) test(name, () => assert.equal(holds(condition, context), wanted));
});

describe('trust', () => {
  const trust = (...statements: object[]) => compilePolicy(policy(...statements));
  const may = (Principal: unknown, caller: Parameters<typeof evaluateTrust>[1], rest: object = {}) =>
    evaluateTrust(trust({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...rest }), caller, 'sts:AssumeRole', contextOf({ 'sts:ExternalId': 'x' }));
  const ann = { account: '111122223333', arns: ['arn:aws:iam::111122223333:user/ann'] };
  test('a service', () => {
    assert.equal(may({ Service: 'ec2.amazonaws.com' }, { service: 'ec2.amazonaws.com' }), 'direct');
    assert.equal(may({ Service: ['ecs-tasks.amazonaws.com'] }, { service: 'ec2.amazonaws.com' }), 'none');
    assert.equal(may('*', { service: 'ec2.amazonaws.com' }), 'none');
  });
  test('a principal by name suffices, an account leaves it to the principal’s policies', () => {
    assert.equal(may({ AWS: 'arn:aws:iam::111122223333:user/ann' }, ann), 'direct');
    assert.equal(may({ AWS: 'arn:aws:iam::111122223333:root' }, ann), 'account');
    assert.equal(may({ AWS: '111122223333' }, ann), 'account');
    assert.equal(may({ AWS: '444455556666' }, ann), 'none');
    assert.equal(may('*', ann), 'direct');
  });
  test('conditions and denials', () => {
    assert.equal(may({ AWS: '111122223333' }, ann, { Condition: { StringEquals: { 'sts:ExternalId': 'y' } } }), 'none');
    const denied = trust({ Effect: 'Allow', Principal: '*', Action: 'sts:*' }, { Effect: 'Deny', Principal: { AWS: ann.arns[0] }, Action: 'sts:AssumeRole' });
    assert.equal(evaluateTrust(denied, ann, 'sts:AssumeRole', contextOf()), 'explicitDeny');
  });
});

describe('what is refused', () => {
  const faults: [string, string][] = [
    ['{', 'Syntax errors in policy.'],
    ['[]', 'Syntax errors in policy.'],
    [JSON.stringify({ Version: '2012-10-17' }), 'Syntax errors in policy.'],
    [policy({ Effect: 'allow', Action: '*', Resource: '*' }), 'Syntax errors in policy.'],
    [policy(allow({ Actoin: 'x' })), 'Syntax errors in policy.'],
    [policy(allow({ NotAction: 'a:B' })), 'Syntax errors in policy.'],
    [policy(allow({ Condition: { StringIs: { a: 'b' } } })), 'Syntax errors in policy.'],
    [JSON.stringify({ Statement: allow({}) }), 'Policy document must be version 2012-10-17 or greater.'],
    [policy({ Effect: 'Allow', Resource: '*' }), 'Policy statement must contain actions.'],
    [policy({ Effect: 'Allow', Action: '*' }), 'Policy statement must contain resources.'],
    [policy(allow({ Action: 'RunTask' })), 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.'],
    [policy(allow({ Action: 'ecs:Run:Task' })), 'Actions/Condition can contain only one colon.'],
    [policy(allow({ Action: 'a a:B' })), 'Vendor a a is not valid'],
    [policy(allow({ Resource: 'shop' })), 'Resource shop must be in ARN format or "*".'],
    [policy(allow({ Resource: 'arn:s3:::shop' })), 'Partition "s3" is not valid for resource "arn:s3:::shop".'],
    [policy(allow({ Sid: 'A' }), allow({ Sid: 'A' })), 'Statement IDs (SID) in a single policy must be unique.'],
  ];
  for (const [text, wanted] of faults) test(text, () => assert.equal(faultOfIdentityPolicy(text), wanted));
  test('a policy in order', () => assert.equal(faultOfIdentityPolicy(policy(allow({ Sid: 'A', Action: ['ecs:*'], Resource: ['arn:aws:ecs:*:*:task/*'] }))), undefined));
  test('trust policies', () => {
    const principal = { Principal: { Service: 'ec2.amazonaws.com' } };
    assert.equal(faultOfTrustPolicy(policy({ Effect: 'Allow', Action: 'sts:AssumeRole', ...principal })), undefined);
    const nobody = (Principal: object) => faultOfTrustPolicy(policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal }));
    assert.deepEqual([nobody({ AWS: '*', Service: [] }), nobody({ Service: [] })], [undefined, 'Syntax errors in policy.']);
    assert.equal(faultOfTrustPolicy('nonsense'), 'This policy contains invalid Json');
    assert.equal(faultOfTrustPolicy(policy(allow(principal))), 'Has prohibited field Resource');
    assert.equal(faultOfTrustPolicy(policy({ Effect: 'Allow', Action: 'sts:AssumeRole' })), 'Missing required field Principal');
    assert.equal(faultOfTrustPolicy(policy({ Effect: 'Allow', Action: 'ecs:*', ...principal })), 'AssumeRole policy may only specify STS AssumeRole actions.');
    assert.equal(faultOfTrustPolicy(policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'me' } })), 'Invalid principal in policy: "SERVICE":"me"');
  });
});
