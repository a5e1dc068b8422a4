import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Nodegroup } from '../records.ts';
import type { Fleet } from './health.ts';
import { rolloutStep, surplus } from './rollout.ts';

type One = Fleet['instances'][number];
const one = (id: string, templateVersion: number, launchedAt = 0): One => ({ id, zone: 'a', lifecycleState: 'InService', launchedAt, templateVersion });
const old = (count: number) => Array.from({ length: count }, (_, index) => one(`old-${index}`, 1, index));

/** Steps with an Auto Scaling group that does as it is told: each step's fleet, as `<old>+<new>`. */
function rolled(size: number, updateConfig: Nodegroup['updateConfig']): string[] {
  let instances = old(size);
  let desired = size;
  const seen: string[] = [];
  for (let turn = 0; turn < 50; turn++) {
    const step = rolloutStep({ fleet: { desired, instances, failure: undefined }, ready: new Set(instances.map(({ id }) => id)), templateVersion: 2, size, updateConfig });
    const count = (version: number) => instances.filter((it) => it.templateVersion === version).length;
    seen.push(`${count(1)}+${count(2)}`);
    if (step.done) return seen;
    desired = Math.max(desired, step.desired);
    instances = instances.filter(({ id }) => !step.leave.some((gone) => gone.id === id));
    desired -= step.leave.filter(({ withPlace }) => withPlace).length;
    while (instances.length < desired) instances = [...instances, one(`new-${turn}-${instances.length}`, 2, 100 + turn)];
  }
  return assert.fail(`not done: ${seen.join(' ')}`);
}

describe('a node group on its way to another version of its template', () => {
  it('grows first, replaces as many nodes at a time as may be unavailable, and ends as large as it was', () => {
    assert.deepEqual(rolled(2, { maxUnavailable: 1 }), ['2+0', '2+1', '1+2', '0+2']);
    assert.deepEqual(rolled(5, { maxUnavailable: 2 }), ['5+0', '5+2', '3+4', '1+5', '0+5']);
    assert.deepEqual(rolled(4, { maxUnavailablePercentage: 50 }), ['4+0', '4+2', '2+4', '0+4']);
    assert.deepEqual(rolled(1, { maxUnavailablePercentage: 10 }), ['1+0', '1+1', '0+1']);
  });

  it('never grows with the strategy MINIMAL', () => {
    assert.deepEqual(rolled(2, { maxUnavailable: 1, updateStrategy: 'MINIMAL' }), ['2+0', '1+1', '0+2']);
  });

  it('is done at once when no node is old', () => {
    assert.deepEqual(rolled(0, { maxUnavailable: 1 }), ['0+0']);
  });

  it('lets go of nobody until new nodes are ready, then puts nothing more on the old; what is no node may go at any time', () => {
    const instances = [...old(2), one('new', 2, 9)];
    const at = (...ready: string[]) => rolloutStep({ fleet: { desired: 3, instances, failure: undefined }, ready: new Set(ready), templateVersion: 2, size: 2, updateConfig: { maxUnavailable: 1 } });
    assert.deepEqual([at('old-0', 'old-1').leave, at('old-0', 'old-1').cordon], [[], []]);
    assert.deepEqual([at('old-0', 'old-1', 'new').leave, at('old-0', 'old-1', 'new').cordon], [[{ id: 'old-0', withPlace: false }], ['old-0', 'old-1']]);
    assert.deepEqual(at('old-0').leave, [{ id: 'old-1', withPlace: false }]);
  });

  it('gives up the youngest of the new ones when it failed', () => {
    const instances = [...old(2), one('new', 2, 9), one('newer', 2, 10)];
    assert.deepEqual(surplus({ fleet: { desired: 4, instances, failure: undefined }, templateVersion: 2, size: 3 }), ['newer']);
    assert.deepEqual(surplus({ fleet: { desired: 2, instances: old(2), failure: undefined }, templateVersion: 2, size: 2 }), []);
  });
});
