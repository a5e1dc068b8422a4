import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { TaggedImage } from '../images/find.ts';
import { expired } from './evaluate.ts';
import { parseLifecyclePolicy } from './policy.ts';

const NOW = new Date('2026-11-21T00:00:00Z');
const image = (digest: string, daysOld: number, tags: string[] = [], children: string[] = []): TaggedImage => ({
  image: { digest, mediaType: '', size: 0, manifestSize: 0, pushedAt: new Date(NOW.getTime() - daysOld * 86_400_000).toISOString(), layers: [], children },
  tags,
});
const rule = (rulePriority: number, selection: object) => ({ rulePriority, selection, action: { type: 'expire' } });
const policy = (...rules: object[]) => parseLifecyclePolicy(JSON.stringify({ rules }));
const going = (rules: ReturnType<typeof policy>, images: TaggedImage[]) => expired(rules, images, NOW).map(({ image: one, appliedRulePriority }) => `${one.digest}:${appliedRulePriority}`);

it('keeps the youngest by count', () => {
  const rules = policy(rule(1, { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 2 }));
  assert.deepEqual(going(rules, [image('a', 3), image('b', 1), image('c', 2), image('d', 4)]), ['a:1', 'd:1']);
});

it('expires by age, strictly', () => {
  const rules = policy(rule(1, { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 14 }));
  assert.deepEqual(going(rules, [image('old', 15), image('even', 14), image('tagged', 20, ['v1'])]), ['old:1']);
});

it('selects by prefixes and patterns, each of which must find a tag', () => {
  const prefix = policy(rule(1, { tagStatus: 'tagged', tagPrefixList: ['prod', 'v'], countType: 'imageCountMoreThan', countNumber: 1 }));
  assert.deepEqual(going(prefix, [image('a', 1, ['prod-1', 'v1']), image('b', 2, ['prod-2', 'v2']), image('c', 3, ['prod-3'])]), ['b:1']);
  const pattern = policy(rule(1, { tagStatus: 'tagged', tagPatternList: ['*-rc'], countType: 'sinceImagePushed', countUnit: 'days', countNumber: 1 }));
  assert.deepEqual(going(pattern, [image('a', 2, ['v1-rc']), image('b', 2, ['v1-rc2'])]), ['a:1']);
});

it('never lets a lower rule expire what a higher one selects, though it counts it', () => {
  const rules = policy(
    rule(1, { tagStatus: 'tagged', tagPrefixList: ['keep'], countType: 'imageCountMoreThan', countNumber: 10 }),
    rule(2, { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 1 }),
  );
  assert.deepEqual(going(rules, [image('kept', 5, ['keep-1']), image('young', 1), image('old', 3)]), ['old:2']);
});

it('keeps images of a manifest list as long as the list is there', () => {
  const rules = policy(rule(1, { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 1 }));
  assert.deepEqual(going(rules, [image('child', 9), image('list', 9, ['v1'], ['child']), image('lone', 9)]), ['lone:1']);
});

it('refuses policies that ECR refuses', () => {
  const refused = (text: string, why: RegExp) => assert.throws(() => parseLifecyclePolicy(text), { code: 'InvalidParameterException', message: why });
  const count = { countType: 'imageCountMoreThan', countNumber: 1 };
  const rules = (...some: object[]) => JSON.stringify({ rules: some });
  refused('{', /not JSON/);
  refused(rules(), /at least one rule/);
  refused(rules(rule(1, { tagStatus: 'tagged', ...count })), /either tagPrefixList or tagPatternList/);
  refused(rules(rule(1, { tagStatus: 'any', ...count }), rule(2, { tagStatus: 'untagged', ...count })), /highest value of rulePriority/);
  refused(rules(rule(1, { tagStatus: 'untagged', ...count }), rule(1, { tagStatus: 'any', ...count })), /more than once/);
  refused(rules(rule(1, { tagStatus: 'any', countType: 'sinceImagePushed', countNumber: 1 })), /countUnit must be 'days'/);
  refused(rules(rule(1, { tagStatus: 'any', ...count, colour: 'red' })), /unknown member 'colour'/);
});
